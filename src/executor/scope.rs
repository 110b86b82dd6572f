//! What the expressions and templates of a call may see: its arguments, the connection's values that
//! are no secrets, the answers of earlier steps, and a few facts of the call.

use http::HeaderMap;
use serde_json::{Map, Value, json};

use super::connection::Connection;
use crate::app::App;
use crate::auth_schemes::Redactor;
use crate::catalog::Tool;
use crate::error::{Error, Result};
use crate::expressions::{Expression, Input};
use crate::ids::legacy_uuid;
use crate::ids::random_text;
use crate::time::{Clock, Timestamp};

const UUID_SEED: usize = 32;

/// The values of one call.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    clock: Clock,
    slug: String,
    arguments: Map<String, Value>,
    /// `{args, conn, ctx, steps}`
    base: Input,
    steps: Vec<(String, Value, Input)>,
    item: Option<(Value, Input)>,
}

impl Scope {
    /// Of a call that has sent nothing yet.
    pub(super) fn new(
        app: &App,
        tool: &Tool,
        arguments: &Map<String, Value>,
        connection: &Connection,
        user: &str,
    ) -> Self {
        let now = app.clock.now();
        let context = json!({
            "now": now.to_text(),
            "now_epoch": now.as_secs(),
            "uuid": legacy_uuid(&random_text(UUID_SEED)),
            "user_id": user,
            "tool": tool.manifest.slug,
        });
        let connection = Value::Object(connection.plain_values());
        let all = Value::Object(arguments.clone());
        Self {
            clock: app.clock.clone(),
            slug: tool.manifest.slug.clone(),
            arguments: arguments.clone(),
            base: Input::object([
                ("args", Input::from(&all)),
                ("conn", Input::from(&connection)),
                ("ctx", Input::from(&context)),
                ("steps", Input::object([])),
            ]),
            steps: Vec::new(),
            item: None,
        }
    }

    /// Of a call without arguments.
    #[cfg(test)]
    pub(super) fn of_nothing() -> Self {
        Self::of_arguments(Map::new())
    }

    /// Of a call that is none.
    #[cfg(any(test, fuzzing))]
    pub(super) fn of_arguments(arguments: Map<String, Value>) -> Self {
        Self {
            clock: Clock::System,
            slug: "ACME_TEST".into(),
            arguments,
            base: Input::object([]),
            steps: Vec::new(),
            item: None,
        }
    }

    /// The arguments; files among them without their content.
    pub(super) const fn arguments(&self) -> &Map<String, Value> {
        &self.arguments
    }

    /// Arguments as expressions see them, where that is more than what the caller gave.
    pub(super) fn set_arguments(&mut self, seen: Map<String, Value>) {
        if !seen.is_empty() {
            let mut all = self.arguments.clone();
            all.extend(seen);
            self.base = self.base.with("args", Input::from(&Value::Object(all)));
        }
    }

    /// The same for one item of a list.
    pub(super) fn with_item(&self, item: Value) -> Self {
        let mut own = self.clone();
        let input = Input::from(&item);
        own.base = own.base.with("item", input.clone());
        own.item = Some((item, input));
        own
    }

    /// Adds the answer of a step.
    pub(super) fn add_step(&mut self, id: &str, answer: Value) {
        let input = Input::from(&answer);
        self.steps.push((id.to_owned(), answer, input));
        let steps = self.steps.iter();
        let steps = steps.map(|(id, _, input)| (id.as_str(), input.clone()));
        self.base = self.base.with("steps", Input::object(steps));
    }

    /// What a slot of a template stands for: an argument, `item`, `item.id`, `steps.list.body.id`.
    pub(super) fn find(&self, slot: &str) -> Option<&Value> {
        if let Some(value) = self.arguments.get(slot) {
            return Some(value);
        }
        let mut parts = slot.split('.');
        let start = match parts.next()? {
            "item" => &self.item.as_ref()?.0,
            "steps" => {
                let id = parts.next()?;
                let mut steps = self.steps.iter();
                &steps.find(|(own, ..)| own == id)?.1
            }
            _ => return None,
        };
        parts.try_fold(start, |value, name| match value {
            Value::Object(fields) => fields.get(name),
            Value::Array(items) => items.get(name.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// What an expression of a request makes.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the expression's key and its words.
    pub(super) async fn make(&self, key: &str, expression: &Expression) -> Result<Value> {
        let input = self.base.clone();
        let made = expression.evaluate(input, self.now()).await;
        made.map_err(|cause| Error::invalid(format!("{}: {key}: {cause}", self.slug)))
    }

    /// The input of an expression that reads an answer.
    pub(super) fn of_answer(&self, answer: &Value) -> Input {
        let mut input = self.base.clone();
        for key in ["status", "headers", "body"] {
            let value = answer.get(key).unwrap_or(&Value::Null);
            input = input.with(key, Input::from(value));
        }
        input
    }

    /// What an expression reads of an answer.
    ///
    /// # Errors
    /// The expression's words.
    pub(super) async fn read(
        &self,
        key: &str,
        expression: &Expression,
        input: &Input,
    ) -> Result<Value, String> {
        let read = expression.evaluate(input.clone(), self.now()).await;
        read.map_err(|cause| format!("{key}: {cause}"))
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Headers by their names in small letters, without secrets; several of one name are joined as RFC
/// 9110 section 5.3 has it.
pub(super) fn headers(headers: &HeaderMap, redactor: &Redactor) -> Map<String, Value> {
    let mut found: Map<String, Value> = Map::new();
    for (name, value) in headers {
        let mut text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        redactor.text(&mut text);
        match found.get_mut(name.as_str()) {
            Some(Value::String(before)) => before.push_str(&format!(", {text}")),
            _ => {
                found.insert(name.as_str().to_owned(), text.into());
            }
        }
    }
    found
}
