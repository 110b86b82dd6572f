//! All that clients do while keys are replaced: they execute, connect, refresh, read and make.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::client::{Client, Reply};
use crate::support::provider::{CLIENT_ID, CLIENT_SECRET};

const ACCOUNTS: &str = "/api/v3/connected_accounts";

/// The clients of one installation and what they hold.
pub struct Load {
    /// The servers, with the project's key.
    servers: Vec<Client>,
    /// The same with the organisation's.
    organisation: Vec<Client>,
    oauth: String,
    api_key: String,
    /// An account that is executed with, and one that is refreshed.
    executed: String,
    refreshed: String,
    /// The answer of a call with an idempotency key.
    once: String,
    turn: AtomicUsize,
    stop: AtomicBool,
    answered: AtomicUsize,
    failures: Mutex<Vec<String>>,
}

impl Load {
    /// Makes auth configs and accounts on the first of the servers, `rows` of them with an API key.
    pub async fn prepare(bases: &[String], keys: &[String; 2], rows: usize) -> Self {
        let with = |name: &'static str, key: &str| -> Vec<Client> {
            let client = |base: &String| Client::new(base).with_header(name, key);
            bases.iter().map(client).collect()
        };
        let servers = with("x-api-key", &keys[0]);
        let first = &servers[0];
        let app = json!({ "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET });
        let oauth = auth_config(first, "OAUTH2", app).await;
        let api_key = auth_config(first, "API_KEY", json!({})).await;
        for number in 0..rows {
            import(first, &api_key, number).await.expect(201);
        }
        let load = Self {
            organisation: with("x-org-api-key", &keys[1]),
            executed: String::new(),
            refreshed: String::new(),
            once: String::new(),
            servers,
            oauth,
            api_key,
            turn: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            answered: AtomicUsize::new(0),
            failures: Mutex::default(),
        };
        let (executed, refreshed) = (load.connect("ada").await, load.connect("bob").await);
        assert!(load.failures().is_empty(), "{:?}", load.failures());
        let load = Self {
            executed,
            refreshed,
            ..load
        };
        let once = load.execute_once().await.text;
        Self { once, ..load }
    }

    /// The same clients on other servers of the same installation.
    pub fn on(&self, bases: &[String]) -> Arc<Self> {
        let moved = |clients: &[Client]| -> Vec<Client> {
            bases.iter().map(|base| clients[0].at(base)).collect()
        };
        Arc::new(Self {
            servers: moved(&self.servers),
            organisation: moved(&self.organisation),
            oauth: self.oauth.clone(),
            api_key: self.api_key.clone(),
            executed: self.executed.clone(),
            refreshed: self.refreshed.clone(),
            once: self.once.clone(),
            turn: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            answered: AtomicUsize::new(0),
            failures: Mutex::default(),
        })
    }

    /// Does everything over and over, until it is told to stop.
    pub async fn run(&self) {
        tokio::join!(
            self.again(|| self.execute(&self.executed)),
            self.again(|| async {
                let path = format!("{ACCOUNTS}/{}/refresh", self.refreshed);
                self.note("refresh", 200, &self.server().post(&path, json!({})).await);
                self.execute(&self.refreshed).await;
            }),
            self.again(|| async {
                self.connect("eve").await;
            }),
            self.again(|| async {
                let reply = import(self.server(), &self.api_key, 0).await;
                self.note("import", 201, &reply);
            }),
            self.again(|| async {
                let path = format!("{ACCOUNTS}?limit=50");
                self.note("list", 200, &self.server().get(&path).await);
                self.note(
                    "configs",
                    200,
                    &self.server().get("/api/v3/auth_configs").await,
                );
            }),
            self.again(|| self.make_project()),
        );
    }

    /// Ends [`Self::run`] after the requests under way.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }

    pub fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap().clone()
    }

    /// Begins a sign-in; gives the path that the provider sends the browser back to.
    pub async fn begin(&self, user: &str) -> (String, String) {
        let body = json!({ "auth_config": { "id": self.oauth }, "connection": {
            "user_id": user, "callback_url": "https://app.test/done" } });
        let made = self.server().post(ACCOUNTS, body).await;
        self.note("initiate", 201, &made);
        let made = made.json();
        let url = made["connectionData"]["val"]["redirectUrl"]
            .as_str()
            .unwrap();
        let consent = self.server().get(url).await;
        let back = url::Url::parse(consent.header("location").unwrap()).unwrap();
        let path = format!("{}?{}", back.path(), back.query().unwrap());
        (made["id"].as_str().unwrap().to_owned(), path)
    }

    /// Ends a sign-in.
    pub async fn finish(&self, path: &str) {
        let reply = self.server().get(path).await;
        self.note("callback", 303, &reply);
        let back = reply.header("location").unwrap_or_default();
        if !back.contains("status=success") {
            self.fail(format!("callback: {back}"));
        }
    }

    pub async fn execute(&self, account: &str) {
        let body = json!({ "connected_account_id": account, "version": "latest" });
        let reply = self
            .server()
            .post("/api/v3/tools/execute/ACME_GET_ME", body)
            .await;
        self.note("execute", 200, &reply);
        if reply.status == 200 && reply.json()["successful"] != true {
            self.fail(format!("execute: {}", reply.text));
        }
    }

    /// With an idempotency key.
    async fn execute_once(&self) -> Reply {
        let body = json!({ "connected_account_id": self.executed, "version": "latest" });
        let client = self.server().with_header("idempotency-key", "once");
        let path = "/api/v3/tools/execute/ACME_GET_ME";
        let reply = client.post(path, body).await;
        self.note("execute once", 200, &reply);
        reply
    }

    /// Reads every account and executes with those that are signed in; what was made once is not
    /// made again.
    pub async fn check_all(&self) -> usize {
        let (mut seen, mut cursor) = (0, String::new());
        loop {
            let path = format!("{ACCOUNTS}?limit=100{cursor}");
            let page = self.server().get(&path).await.expect(200);
            seen += page["items"].as_array().unwrap().len();
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        self.execute(&self.executed).await;
        self.execute(&self.refreshed).await;
        if self.execute_once().await.text != self.once {
            self.fail("a call with an idempotency key was made again".into());
        }
        seen
    }

    async fn connect(&self, user: &str) -> String {
        let (account, path) = self.begin(user).await;
        self.finish(&path).await;
        account
    }

    async fn make_project(&self) {
        let body = json!({ "name": "another", "should_create_api_key": true });
        let turn = self.turn.fetch_add(1, Ordering::SeqCst);
        let org = &self.organisation[turn % self.organisation.len()];
        let made = org.post("/api/v3/org/owner/project/new", body).await;
        self.note("project", 200, &made);
        let key = made.json()["api_key"].as_str().unwrap().to_owned();
        let client = self.server().with_header("x-api-key", &key);
        let config = auth_config(&client, "API_KEY", json!({})).await;
        self.note("import", 201, &import(&client, &config, 1).await);
    }

    async fn again<F: Future<Output = ()>>(&self, act: impl Fn() -> F) {
        while !self.stop.load(Ordering::SeqCst) {
            act().await;
        }
    }

    /// Each in turn.
    fn server(&self) -> &Client {
        let turn = self.turn.fetch_add(1, Ordering::SeqCst);
        &self.servers[turn % self.servers.len()]
    }

    fn note(&self, what: &str, expected: u16, reply: &Reply) {
        self.answered.fetch_add(1, Ordering::SeqCst);
        if reply.status != expected {
            self.fail(format!("{what}: {} {}", reply.status, reply.text));
        }
    }

    fn fail(&self, text: String) {
        self.failures.lock().unwrap().push(text);
    }
}

async fn auth_config(client: &Client, scheme: &str, credentials: Value) -> String {
    let body = json!({
        "toolkit": { "slug": "acme" },
        "auth_config": {
            "type": "use_custom_auth", "authScheme": scheme, "credentials": credentials,
        },
    });
    let made = client.post("/api/v3/auth_configs", body).await.expect(201);
    made["auth_config"]["id"].as_str().unwrap().to_owned()
}

async fn import(client: &Client, config: &str, number: usize) -> Reply {
    let body = json!({
        "auth_config": { "id": config },
        "connection": { "user_id": format!("user-{number}"), "state": { "authScheme": "API_KEY",
            "val": { "status": "ACTIVE", "generic_api_key": format!("ak-{number}") } } },
    });
    client.post(ACCOUNTS, body).await
}
