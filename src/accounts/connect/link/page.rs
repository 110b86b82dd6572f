//! What the page of an open link asks for, and why it asks again.

use serde_json::{Map, Value};
use url::Url;

use super::choosing;
use super::found::Open;
use crate::accounts::choice::Former;
use crate::accounts::connect::{Scene, web_address};
use crate::app::App;
use crate::catalog::manifest::{AuthManifest, Field};
use crate::error::Result;

/// What the hosted page shows.
#[derive(Debug)]
pub struct LinkPage {
    /// Who meets on it.
    pub scene: Scene,
    /// What the user has to choose, after the provider's consent.
    pub choice: Option<AskedChoice>,
    /// Whether the user goes on to the provider after the fields.
    pub continues_at_provider: bool,
    /// The host of the provider's own page, where it is known beforehand.
    pub provider_host: Option<String>,
    /// What the provider will be asked to allow.
    pub scopes: Vec<AskedScope>,
    /// What is asked for.
    pub fields: Vec<LinkField>,
    /// Why the page is shown again, where no field is to blame.
    pub notice: Option<Notice>,
    /// For how long the link is good, in whole minutes, begun ones counted.
    pub minutes_left: i64,
}

/// What a user has to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedChoice {
    /// What such a thing is called: `site`.
    pub what: String,
    /// What the account was for before.
    pub former: Former,
}

/// One scope that will be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedScope {
    /// In the provider's own notation.
    pub name: String,
    /// In plain words, where the toolkit has some.
    pub description: Option<String>,
}

/// Why a page is shown again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The service was asked and refused what was given; its words, where it had any.
    Refused(Option<String>),
    /// The service could not be asked. Nothing is lost.
    Unreachable,
    /// The form did not come from this page, or the browser keeps no cookies.
    Foreign,
}

/// One field of the hosted page.
#[derive(Debug)]
pub struct LinkField {
    /// As the toolkit declares it.
    pub field: Field,
    /// What stands in it; never a secret.
    pub value: String,
    /// There is a value already, which need not be given again.
    pub is_held: bool,
    /// What is wrong with what was given.
    pub problem: Option<String>,
}

/// What a person sent, and what came of it.
#[derive(Debug, Default)]
pub(super) struct Sent {
    pub(super) given: Map<String, Value>,
    /// A field's name and what is wrong with its value.
    pub(super) problems: Vec<(String, String)>,
    pub(super) notice: Option<Notice>,
}

/// The page of a link, with what was sent before.
pub(super) async fn page(app: &App, open: &Open, sent: &Sent) -> Result<LinkPage> {
    let auth = open.blueprint.auth()?;
    let granted = open.granted.as_ref();
    let continues = auth.scheme.needs_consent() && granted.is_none();
    let left = open.attempt.expires_at.as_secs() - app.clock.now().as_secs();
    let fields = if let Some(granted) = granted {
        vec![choosing::field(granted, sent)]
    } else {
        let declared = auth.fields.connection.iter();
        declared
            .map(|field| link_field(open, sent, field))
            .collect()
    };
    Ok(LinkPage {
        scene: open.scene(app).await?,
        choice: granted.map(|granted| AskedChoice {
            what: granted.what.clone(),
            former: granted.former.clone(),
        }),
        continues_at_provider: continues,
        provider_host: auth.authorize_url.as_deref().and_then(fixed_host),
        scopes: if continues {
            scopes(open, auth)
        } else {
            Vec::new()
        },
        fields,
        notice: sent.notice.clone(),
        minutes_left: (left + 59) / 60,
    })
}

fn link_field(open: &Open, sent: &Sent, field: &Field) -> LinkField {
    let held = open.values.get(&field.name);
    let value = sent.given.get(&field.name).or(held);
    let default = field.default.as_deref().unwrap_or_default();
    let text = match value {
        _ if field.secret => String::new(),
        value => value.map_or_else(|| default.to_owned(), text_of),
    };
    let problem = sent.problems.iter().find(|(name, _)| *name == field.name);
    LinkField {
        value: text,
        // What only the toolkit's default put there nobody has given.
        is_held: held.is_some_and(|held| text_of(held) != default),
        problem: problem.map(|(_, problem)| problem.clone()),
        field: field.clone(),
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        value => value.to_string(),
    }
}

fn scopes(open: &Open, auth: &AuthManifest) -> Vec<AskedScope> {
    let mut names = open.blueprint.scopes(auth);
    for name in open.blueprint.secrets.list("user_scopes") {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let asked = |name: String| AskedScope {
        description: auth.scopes.descriptions.get(&name).cloned(),
        name,
    };
    names.into_iter().map(asked).collect()
}

/// The host of a URL that no field decides.
fn fixed_host(url: &str) -> Option<String> {
    let host = |url: Url| url.host_str().map(str::to_owned);
    web_address(url).and_then(host)
}
