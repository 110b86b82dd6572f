//! `tenon accounts revoke`: the panic button, pressed in another process beside the server.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::key_account;
use crate::support::binary::Place;
use crate::support::database::{Engine, engine};
use crate::support::stage::Stage;

const STEP: Duration = Duration::from_millis(50);
const PATIENCE: u32 = 200;

/// Runs the command on the stage's installation; the exit status and the lines it printed.
async fn press(stage: &Stage, further: &[&str]) -> (Option<i32>, Vec<Value>, String) {
    let project = stage.project().await;
    let config = &stage.server.app.config;
    let mut arguments = vec![
        "accounts",
        "revoke",
        "--project",
        project.as_str(),
        "--json",
    ];
    arguments.extend(further);
    let folder = config.store.data_dir.display().to_string();
    let toolkits = config.toolkits_dir.as_ref().unwrap().display().to_string();
    let secret = |secret: &Option<secrecy::SecretString>| {
        secret
            .as_ref()
            .map(|text| text.expose_secret().to_owned())
            .unwrap_or_default()
    };
    let (url, key) = (
        secret(&config.store.database_url),
        secret(&config.store.master_key),
    );
    let mut settings = vec![
        ("TENON_DATA_DIR", folder.as_str()),
        ("TENON_TOOLKITS_DIR", toolkits.as_str()),
        ("TENON_ALLOW_CIDRS", "127.0.0.0/8"),
    ];
    if engine() == Engine::Postgres {
        settings.extend([
            ("DATABASE_URL", url.as_str()),
            ("TENON_MASTER_KEY", key.as_str()),
        ]);
    }
    let place = Place::new();
    // The provider of the test runs on this thread's runtime, so the process is waited for elsewhere.
    let (ended, out) = std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            let ended = place.run(&arguments, &settings);
            let out = std::fs::read_to_string(place.dir.path().join("out")).unwrap();
            (ended, out)
        });
        tokio::task::block_in_place(|| run.join().unwrap())
    });
    let lines = out.lines().map(|line| serde_json::from_str(line).unwrap());
    (ended.status.code(), lines.collect(), ended.errors)
}

async fn execute(stage: &Stage, id: &str) -> u16 {
    let body = json!({ "connected_account_id": id, "user_id": "ada", "arguments": {} });
    let path = "/api/v3/tools/execute/ACME_GET_ME";
    stage.server.client.post(path, body).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn the_panic_button_revokes_beside_a_server_that_hears_of_it() {
    let stage = Stage::start().await;
    let config = stage.auth_config("acme", "OAUTH2").await;
    let ada = stage.oauth_account(&config, "ada").await;
    let bob = stage.oauth_account(&config, "bob").await;
    stage
        .initiate(&config, json!({ "user_id": "cyd" }))
        .await
        .expect(201);
    assert_eq!(execute(&stage, &ada).await, 200);

    let (status, lines, errors) = press(&stage, &["--toolkit", "ACME", "--dry-run"]).await;
    assert_eq!(status, Some(0), "{errors}");
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[..2].iter().all(|line| line["outcome"] == "revocable"),
        "{lines:?}"
    );
    assert!(stage.provider.revocations().is_empty());

    let (status, lines, errors) = press(&stage, &["--toolkit", "acme", "--user", "ada"]).await;
    assert_eq!(status, Some(0), "{errors}");
    assert_eq!(
        (&lines[0]["account"], &lines[0]["outcome"]),
        (&json!(ada), &json!("revoked"))
    );
    assert_eq!(
        lines[1],
        json!({ "accounts": 1, "not_revoked": 0, "dry_run": false })
    );
    let mut heard = false;
    for _ in 0..PATIENCE {
        heard = execute(&stage, &ada).await == 400;
        if heard {
            break;
        }
        tokio::time::sleep(STEP).await;
    }
    assert!(heard, "the server goes on with what it remembers");

    // What is revoked is not asked for again.
    let asked = stage.provider.revocations().len();
    let (_, lines, _) = press(&stage, &["--toolkit", "acme"]).await;
    assert_eq!(lines[0]["account"], bob.as_str());
    assert_eq!(lines.len(), 2);
    assert_eq!(stage.provider.revocations().len(), asked + 2);
    assert!(stage.provider.tokens().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_panic_button_says_what_it_could_not_revoke_and_why() {
    let stage = Stage::start().await;
    let oauth = stage.auth_config("acme", "OAUTH2").await;
    let keys = stage.auth_config("acme", "API_KEY").await;
    let refused = stage.oauth_account(&oauth, "ada").await;
    let key = key_account(&stage, &keys, "bob").await;
    stage
        .provider
        .behave(|behaviour| behaviour.revoke_answer = Some((503, json!({}))));
    let (status, lines, errors) = press(&stage, &["--toolkit", "acme"]).await;
    assert_eq!(status, Some(1));
    assert!(
        errors.contains("2 of 2 accounts are not revoked"),
        "{errors}"
    );
    let of = |id: &str| {
        lines
            .iter()
            .find(|line| line["account"] == id)
            .unwrap()
            .clone()
    };
    assert_eq!(of(&refused)["outcome"], "failed");
    assert!(
        of(&refused)["detail"]
            .as_str()
            .unwrap()
            .contains("answered 503")
    );
    assert_eq!(of(&key)["outcome"], "impossible");
    assert!(
        of(&key)["detail"]
            .as_str()
            .unwrap()
            .contains("in the settings of Acme")
    );
    assert_eq!(stage.account(&refused).await["status"], "ACTIVE");

    let (status, _, errors) = press(&stage, &["--toolkit", "nosuch"]).await;
    assert_eq!(status, Some(1));
    assert!(errors.contains("nosuch"), "{errors}");
}
