//! What stands in one place only.

use super::sources;

/// Refuses `words` in every file whose path begins with none of `places`.
fn only_in(words: &[&str], places: &[&str]) {
    let mut elsewhere = Vec::new();
    for source in sources() {
        if !places.iter().any(|place| source.path.starts_with(place)) {
            elsewhere.extend(words.iter().flat_map(|word| source.lines_with(word)));
        }
    }
    let (words, places) = (words.join(", "), places.join(", "));
    assert!(
        elsewhere.is_empty(),
        "{words} may stand in {places} only:\n{}",
        elsewhere.join("\n")
    );
}

#[test]
fn sql_stands_in_storage_only() {
    only_in(
        &["sqlx::query", "QueryBuilder", "AssertSqlSafe"],
        &["src/storage/"],
    );
    // The types of ids and times say how they are stored; the error type takes sqlx's in.
    let words = ["src/ids.rs", "src/time.rs", "src/error.rs"];
    only_in(&["sqlx::"], &[&["src/storage/"], words.as_slice()].concat());
}

#[test]
fn axum_stands_in_the_doors_only() {
    only_in(&["tower_http::", "utoipa_axum::"], &["src/api/"]);
    only_in(&["axum::"], &["src/api/", "src/mcp/"]);
}

#[test]
fn the_http_client_stands_in_outbound_only() {
    only_in(&["reqwest::", "hyper::"], &["src/outbound/"]);
    // Speaks S3 over a client of outbound's.
    let places = ["src/blobs/s3/", "src/outbound/object_storage.rs"];
    only_in(&["object_store::"], &places);
}

#[test]
fn ciphers_stand_in_crypto_only() {
    let words = ["aes_gcm::", "hkdf::", "hmac::", "jsonwebtoken::"];
    only_in(&words, &["src/crypto/"]);
}

#[test]
fn nothing_is_left_unfinished() {
    let mut found = Vec::new();
    for source in sources() {
        for word in ["todo!", "unimplemented!", "dbg!"] {
            found.extend(source.lines_with(word));
        }
        for (index, line) in source.text.lines().enumerate() {
            if ["FIXME", "TODO", "XXX"]
                .iter()
                .any(|word| line.contains(word))
            {
                found.push(format!("{}:{}: {}", source.path, index + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "finish or remove:\n{}", found.join("\n"));
}
