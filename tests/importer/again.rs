//! A second import into the same folder.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tenon::catalog;
use tenon::importer::Wishes;
use tenon::importer::folder::{Imported, Source, import};
use tenon::time::Timestamp;

use super::SHOP;

const DAY: i64 = 24 * 60 * 60 * 1000;

fn at(to: &TempDir, text: &str, day: i64) -> Imported {
    let source = Source {
        from: "shop.yaml".into(),
        bytes: text.as_bytes().to_vec(),
    };
    let now = Timestamp::from_millis(1_767_225_600_000 + day * DAY);
    import(&source, &Wishes::default(), to.path(), now).expect("an import")
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn the_same_description_changes_nothing() {
    let to = tempfile::tempdir().unwrap();
    assert!(at(&to, SHOP, 0).has_changed);
    let before = fs::read_to_string(to.path().join("shop/toolkit.yaml")).unwrap();
    let again = at(&to, SHOP, 1);
    assert!(!again.has_changed);
    assert_eq!(again.converted.report.kept_edits, Vec::<String>::new());
    assert_eq!(
        fs::read_to_string(to.path().join("shop/toolkit.yaml")).unwrap(),
        before
    );
    assert_eq!(catalog::lint(to.path()).unwrap().tools, 5);
}

#[test]
fn edits_and_names_stay_and_the_rest_follows_the_description() {
    let to = tempfile::tempdir().unwrap();
    at(&to, SHOP, 0);
    let things = to.path().join("shop/tools/things.yaml");
    edit(
        &things,
        "description: Sell a thing",
        "description: Sells a thing, in our words.",
    );
    edit(
        &to.path().join("shop/toolkit.yaml"),
        "description: \"Keeps a shop.\"",
        "description: Ours.",
    );
    let changed = SHOP
        .replace("summary: Sell a thing", "summary: Vend a thing")
        .replace("maximum: 100", "maximum: 50")
        .replace("  /things/search:", "  /things/find:");

    let again = at(&to, &changed, 1);
    let text = fs::read_to_string(&things).unwrap();
    assert!(
        text.contains("slug: SHOP_SELL_A_THING"),
        "the name stays: {text}"
    );
    assert!(text.contains("name: Vend a thing"), "{text}");
    assert!(text.contains("Sells a thing, in our words."), "{text}");
    assert!(text.contains("maximum: 50"), "{text}");
    let report = &again.converted.report;
    assert_eq!(
        report.kept_edits,
        [
            "SHOP_SELL_A_THING: description",
            "toolkit.yaml: description"
        ]
    );
    assert_eq!(
        report.vanished,
        ["SHOP_SEARCH_THINGS"],
        "it stays, and is told"
    );
    let toolkit = fs::read_to_string(to.path().join("shop/toolkit.yaml")).unwrap();
    assert!(
        toolkit.contains(r#"versions: ["20260102_00", "20260101_00"]"#),
        "{toolkit}"
    );
    assert!(toolkit.contains(r#"description: "Ours.""#), "{toolkit}");
    assert_eq!(catalog::lint(to.path()).unwrap().tools, 6);
}

#[test]
fn a_server_stays_as_long_as_a_tool_that_is_called_there() {
    let to = tempfile::tempdir().unwrap();
    let search = "  /things/search:";
    let elsewhere = format!("{search}\n    servers: [{{url: https://find.shop.test}}]");
    let first = SHOP.replace(search, &elsewhere);
    assert_ne!(first, SHOP);
    at(&to, &first, 0);
    let toolkit = to.path().join("shop/toolkit.yaml");
    assert!(
        fs::read_to_string(&toolkit)
            .unwrap()
            .contains("find.shop.test")
    );

    let again = at(&to, &SHOP.replace(search, "  /things/find:"), 1);
    assert_eq!(again.converted.report.vanished, ["SHOP_SEARCH_THINGS"]);
    assert!(
        fs::read_to_string(&toolkit)
            .unwrap()
            .contains("find.shop.test")
    );
    assert_eq!(catalog::lint(to.path()).unwrap().tools, 6);
}

#[test]
fn a_tool_taken_out_or_moved_by_hand_stays_so() {
    let to = tempfile::tempdir().unwrap();
    at(&to, SHOP, 0);
    let tools = to.path().join("shop/tools");
    let rest = fs::read_to_string(tools.join("tools.yaml")).unwrap();
    fs::write(tools.join("tools.yaml"), "tools: []\n").unwrap();
    let own = rest.replace("name: Search things", "name: Look around");
    let (_, search) = own.split_once("  - slug: SHOP_SEARCH").unwrap();
    fs::write(
        tools.join("own.yaml"),
        format!("tools:\n  - slug: SHOP_SEARCH{search}"),
    )
    .unwrap();

    let again = at(&to, SHOP, 1);
    let report = &again.converted.report;
    assert_eq!(
        report.removed_by_hand,
        ["SHOP_PUT_THINGS", "SHOP_THROW_A_THING_AWAY"]
    );
    assert_eq!(
        report.kept_edits,
        ["SHOP_SEARCH_THINGS: stands in a file of yours"]
    );
    assert!(
        fs::read_to_string(tools.join("own.yaml"))
            .unwrap()
            .contains("Look around")
    );
    assert_eq!(catalog::lint(to.path()).unwrap().tools, 3);
}

#[test]
fn a_toolkit_that_was_not_imported_is_left_alone() {
    let to = tempfile::tempdir().unwrap();
    fs::create_dir(to.path().join("shop")).unwrap();
    fs::write(to.path().join("shop/toolkit.yaml"), "mine").unwrap();
    let source = Source {
        from: "shop.yaml".into(),
        bytes: SHOP.as_bytes().to_vec(),
    };
    let refused = import(
        &source,
        &Wishes::default(),
        to.path(),
        Timestamp::from_millis(0),
    )
    .unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("a toolkit that was not imported"),
        "{refused}"
    );
    assert_eq!(
        fs::read_to_string(to.path().join("shop/toolkit.yaml")).unwrap(),
        "mine"
    );
}

#[test]
fn a_lint_tells_file_and_line() {
    let to = tempfile::tempdir().unwrap();
    at(&to, SHOP, 0);
    edit(
        &to.path().join("shop/tools/tools.yaml"),
        "method: DELETE",
        "method: BURN",
    );
    let error = catalog::lint(to.path()).unwrap_err();
    let problems = error.shown().errors;
    assert!(
        problems.iter().any(|problem| problem
            .contains("shop/tools/tools.yaml:12: SHOP_THROW_A_THING_AWAY: request.method")),
        "{problems:#?}"
    );
}
