//! The binary as an operator meets it: starts, stops, and what it says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::binary::{Place, Running, mode};
use crate::support::client::Client;

const INFO: &str = "/api/v3/auth/session/info";
const PROJECT: &str = "project API key";
const ORGANISATION: &str = "organisation API key";
const GIVEN: &str = "a-key-that-the-operator-gave";
const GIVEN_ORG: &str = "an-org-key-that-the-operator-gave";

fn with_key(running: &Running, key: &str) -> Client {
    running.client().with_header("x-api-key", key)
}

#[tokio::test]
async fn the_first_start_prints_keys_and_the_next_does_not() {
    let place = Place::new();
    let first = place.start(&[]);
    let (key, org_key) = (first.printed_key(PROJECT), first.printed_key(ORGANISATION));
    with_key(&first, &key).get(INFO).await.expect(200);
    let org = first.client().with_header("x-org-api-key", &org_key);
    org.get("/api/v3/org/owner/project/list").await.expect(200);
    assert!(place.stop(first).status.success());

    let again = place.start(&[]);
    assert_eq!(again.output.lines().count(), 1, "{}", again.output);
    with_key(&again, &key).get(INFO).await.expect(200);
}

#[tokio::test]
async fn keys_of_the_operators_are_taken_and_not_printed() {
    let place = Place::new();
    let settings = [("TENON_API_KEY", GIVEN), ("TENON_ORG_API_KEY", GIVEN_ORG)];
    let running = place.start(&settings);
    assert!(!running.output.contains(GIVEN) && !running.output.contains(GIVEN_ORG));
    with_key(&running, GIVEN).get(INFO).await.expect(200);
    let log = place.stop(running).errors;
    assert!(!log.contains(GIVEN) && !log.contains(GIVEN_ORG), "{log}");
    let log = {
        let again = place.start(&settings);
        place.stop(again).errors
    };
    assert!(!log.contains("not a valid key"), "{log}");
}

#[test]
fn a_given_key_that_opens_nothing_is_warned_of_and_not_shown() {
    let place = Place::new();
    let first = place.start(&[]);
    let org_key = first.printed_key(ORGANISATION);
    place.stop(first);
    for wrong in [GIVEN, &org_key] {
        let again = place.start(&[("TENON_API_KEY", wrong)]);
        let log = place.stop(again).errors;
        assert!(
            log.contains("TENON_API_KEY is not a valid key of this database"),
            "{log}"
        );
        assert!(!log.contains(wrong), "{log}");
    }
}

#[test]
fn impossible_keys_are_refused_before_anything_is_made() {
    let place = Place::new();
    for settings in [
        [("TENON_API_KEY", GIVEN), ("TENON_ORG_API_KEY", GIVEN)],
        [("TENON_API_KEY", "short"), ("TENON_ORG_API_KEY", GIVEN_ORG)],
    ] {
        let ended = place.run(&["serve"], &settings);
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(ended.errors.contains("error: TENON_"), "{ended:?}");
    }
    place.start(&[]).printed_key(PROJECT);
}

#[test]
fn another_master_key_is_refused_with_the_way_out() {
    let place = Place::new();
    let first = place.start(&[]);
    place.stop(first);
    let other = tenon::crypto::Vault::generate_text().unwrap();
    let ended = place.run(&[], &[("TENON_MASTER_KEY", &other)]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        ended
            .errors
            .contains("error: the master key is not the one this database is sealed by: that is "),
        "{ended:?}"
    );
    assert!(
        ended
            .errors
            .contains("fix: Start with the TENON_MASTER_KEY"),
        "{ended:?}"
    );
    assert!(!ended.errors.contains(&other), "{ended:?}");
}

#[test]
fn a_lost_master_key_is_not_replaced() {
    let place = Place::new();
    let first = place.start(&[]);
    place.stop(first);
    let path = place.data().join("master.key");
    assert_eq!((mode(&path), mode(&place.data())), (0o600, 0o700));
    let key = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let ended = place.run(&[], &[]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        ended.errors.contains("no master key at ./data/master.key"),
        "{ended:?}"
    );
    assert!(!path.exists());
    let again = place.start(&[("TENON_MASTER_KEY", &key)]);
    assert!(place.stop(again).status.success());
}

#[test]
fn secrets_are_read_from_files() {
    let place = Place::new();
    let path = place.dir.path().join("secret");
    std::fs::write(
        &path,
        format!("{}\n", tenon::crypto::Vault::generate_text().unwrap()),
    )
    .unwrap();
    let setting = format!("@{}", path.display());
    let running = place.start(&[("TENON_MASTER_KEY", &setting), ("TENON_API_KEY", "")]);
    running.printed_key(PROJECT);
    assert!(place.stop(running).status.success());
    assert!(!place.data().join("master.key").exists());
    let ended = place.run(&[], &[("TENON_MASTER_KEY", "@/no/such/file")]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.errors.contains("/no/such/file"), "{ended:?}");
}

#[test]
fn a_start_that_fails_swallows_no_keys() {
    let place = Place::new();
    let toolkits = place.dir.path().join("toolkits/broken");
    std::fs::create_dir_all(&toolkits).unwrap();
    std::fs::write(toolkits.join("toolkit.yaml"), "slug: [\n").unwrap();
    let folder = toolkits.parent().unwrap().display().to_string();
    let ended = place.run(&[], &[("TENON_TOOLKITS_DIR", &folder)]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    place.start(&[]).printed_key(PROJECT);
}

#[test]
fn a_start_says_what_is_wrong_with_its_settings() {
    let place = Place::new();
    let taken = place.start(&[]);
    let address = taken.base.strip_prefix("http://").unwrap();
    let file = place.dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("data").display().to_string();
    for (name, value, expected) in [
        (
            "TENON_LISTEN",
            address,
            "error: cannot listen on 127.0.0.1:",
        ),
        (
            "TENON_DATA_DIR",
            below.as_str(),
            "error: cannot make the data folder",
        ),
        (
            "TENON_MASTER_KEY",
            "short",
            "fix: make one with: openssl rand -base64 32",
        ),
        (
            "TENON_PUBLIC_URL",
            "ftp://example.com",
            "error: TENON_PUBLIC_URL must begin with http",
        ),
        (
            "DATABASE_URL",
            "postgres://user:s3cr3t@localhost/x",
            "TENON_MASTER_KEY must be set",
        ),
    ] {
        let ended = place.run(&[], &[(name, value)]);
        assert_eq!(ended.status.code(), Some(1), "{name}: {ended:?}");
        assert!(ended.errors.contains(expected), "{name}: {ended:?}");
    }
    let ended = place.run(&[], &[("TENON_RATE_LIMIT", "0")]);
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert!(ended.errors.contains("--rate-limit"), "{ended:?}");
    let ended = place.run(&["--no-such-option"], &[]);
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
}

#[test]
fn a_database_that_cannot_be_opened_is_named_without_its_password() {
    let place = Place::new();
    let key = tenon::crypto::Vault::generate_text().unwrap();
    let url = "postgres://user:s3cr3t@localhost:not-a-port/x";
    let ended = place.run(&[], &[("DATABASE_URL", url), ("TENON_MASTER_KEY", &key)]);
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(
        ended.errors.contains("fix: Check DATABASE_URL"),
        "{ended:?}"
    );
    assert!(!ended.errors.contains("s3cr3t"), "{ended:?}");
}

#[test]
fn a_stop_signal_lets_requests_under_way_finish() {
    let place = Place::new();
    let running = place.start(&[]);
    let address = running.base.strip_prefix("http://").unwrap().to_owned();
    let key = running.printed_key(PROJECT);
    let mut stream = TcpStream::connect(&address).unwrap();
    let body = "{\"display_name\":\"late\"}";
    write!(
        stream,
        "PATCH /api/v3/org/project/config HTTP/1.1\r\nhost: tenon\r\nx-api-key: {key}\r\n\
         expect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    let mut answer = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    answer.read_line(&mut line).unwrap();
    // The handler runs and waits for the body.
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");
    running.terminate();
    // Until the listener is closed, the signal has not been heard.
    while TcpStream::connect(&address).is_ok() {
        std::thread::sleep(Duration::from_millis(10));
    }
    stream.write_all(body.as_bytes()).unwrap();
    let mut rest = String::new();
    answer.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("HTTP/1.1 200 OK\r\n"), "{rest}");
    assert!(rest.contains("\"display_name\":\"late\""), "{rest}");
    assert!(place.stop(running).status.success());
}

#[test]
fn a_burst_of_clients_is_connected_before_a_busy_server_turns_to_them() {
    let place = Place::new();
    let running = place.start(&[]);
    running.freeze();
    let address = running.base.trim_start_matches("http://").parse().unwrap();
    let connect = |_| TcpStream::connect_timeout(&address, Duration::from_secs(5));
    let connected: Result<Vec<TcpStream>, _> = (0..250).map(connect).collect();
    assert_eq!(connected.unwrap().len(), 250);
}

#[tokio::test]
async fn the_log_names_every_request_by_its_id_and_no_key() {
    let place = Place::new();
    let running = place.start(&[("RUST_LOG", "trace"), ("TENON_LOG_JSON", "true")]);
    let key = running.printed_key(PROJECT);
    let client = with_key(&running, &key).with_header("x-request-id", "trace-77");
    client.get(INFO).await.expect(200);
    client.get("/api/v3/nothing").await.error(404);
    let log = place.stop(running).errors;
    let answered: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("every line is JSON"))
        .filter(|line: &serde_json::Value| line["fields"]["message"] == "answered")
        .filter(|line| line["span"]["request_id"] == "trace-77")
        .collect();
    let statuses: Vec<&serde_json::Value> = answered
        .iter()
        .map(|line| &line["fields"]["status"])
        .collect();
    assert_eq!(statuses, [200, 404], "{answered:?}");
    assert!(!log.contains(&key), "the key stands in the log");
}

#[test]
fn tenon_health_tells_a_living_server_from_none() {
    let place = Place::new();
    let asking = Place::new();
    let running = place.start(&[]);
    let address = running.base.strip_prefix("http://").unwrap().to_owned();
    let alive = asking.run(&["health"], &[("TENON_LISTEN", &address)]);
    assert_eq!(alive.status.code(), Some(0), "{alive:?}");
    let everywhere = format!("0.0.0.0:{}", address.rsplit(':').next().unwrap());
    let alive = asking.run(&["health", "--listen", &everywhere], &[]);
    assert_eq!(alive.status.code(), Some(0), "{alive:?}");
    place.stop(running);
    let dead = asking.run(&["health"], &[("TENON_LISTEN", &address)]);
    assert_eq!(dead.status.code(), Some(1), "{dead:?}");
    assert!(dead.errors.contains("does not answer"), "{dead:?}");
}

#[tokio::test]
async fn a_lost_key_is_replaced_and_ended_from_the_command_line() {
    let (place, command) = (Place::new(), Place::new());
    let data = place.data().display().to_string();
    let settings = [("TENON_DATA_DIR", data.as_str())];
    let empty = command.run(&["api-keys", "issue"], &settings);
    assert_eq!(empty.status.code(), Some(1), "{empty:?}");
    assert!(
        empty.errors.contains("there is no database at"),
        "{empty:?}"
    );

    let running = place.start(&[]);
    let lost = running.printed_key(ORGANISATION);
    let projects = "/api/v3/org/owner/project/list";
    let as_org = |key: &str| running.client().with_header("x-org-api-key", key);
    let listed = as_org(&lost).get(projects).await.expect(200);
    let project = listed["data"][0]["nano_id"]
        .as_str()
        .or(listed["data"][0]["id"].as_str());
    let issued = command.run(&["api-keys", "issue"], &settings);
    let key = issued.output.trim();
    assert!(
        key.starts_with("oak_") && issued.errors.contains("shown this once"),
        "{issued:?}"
    );
    as_org(key).get(projects).await.expect(200);
    let project = project.unwrap();
    let issued = command.run(&["api-keys", "issue", "--project", project], &settings);
    with_key(&running, issued.output.trim())
        .get(INFO)
        .await
        .expect(200);
    let unknown = command.run(&["api-keys", "issue", "--project", "proj_x"], &settings);
    assert!(unknown.errors.contains("fix: See the ids"), "{unknown:?}");

    let listed = command.run(&["api-keys", "list"], &settings).output;
    assert_eq!(listed.lines().count(), 4, "{listed}");
    assert!(!listed.contains(key) && !listed.contains(&lost), "{listed}");
    let first = listed
        .lines()
        .find(|line| line.ends_with("organisation"))
        .unwrap();
    let id = first.split_whitespace().next().unwrap();
    let revoked = command.run(&["api-keys", "revoke", id], &settings);
    assert!(revoked.status.success(), "{revoked:?}");
    // The server beside hears of it without a restart.
    let mut status = 200;
    for _ in 0..300 {
        status = as_org(&lost).get(projects).await.status;
        if status == 401 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(status, 401);
    as_org(key).get(projects).await.expect(200);
    let again = command.run(&["api-keys", "revoke", id], &settings);
    assert!(again.errors.contains("fix: See the live keys"), "{again:?}");
}

#[tokio::test]
async fn an_operator_is_told_what_an_execution_did() {
    let place = Place::new();
    let running = place.start(&[
        ("TENON_API_KEY", GIVEN),
        ("TENON_BASE_URL_HACKERNEWS", "http://127.0.0.1:1"),
        ("TENON_ALLOW_CIDRS", "127.0.0.0/8"),
    ]);
    let body = serde_json::json!({ "arguments": { "username": "pg" } });
    let path = "/api/v3/tools/execute/HACKERNEWS_GET_USER";
    let result = with_key(&running, GIVEN).post(path, body).await.expect(200);
    let id = result["log_id"].as_str().unwrap();
    assert!(place.stop(running).status.success());
    let told = place.run(&["executions", "explain", id], &[]);
    assert!(told.status.success(), "{}", told.errors);
    for words in [
        id,
        "HACKERNEWS_GET_USER",
        "failed: 127.0.0.1 could not be reached",
        "why: the toolkit needs no account",
        "host: http://127.0.0.1:1",
        "3 sent upstream",
    ] {
        assert!(told.output.contains(words), "{words}: {}", told.output);
    }
    let unknown = place.run(&["executions", "explain", "log_none"], &[]);
    assert!(!unknown.status.success());
    assert!(unknown.errors.contains("log `log_none` was not found"));
}
