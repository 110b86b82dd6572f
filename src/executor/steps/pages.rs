//! How a step goes on to the next page of a list, and how the pages become one.

use serde_json::{Map, Value};
use url::Url;

use crate::catalog::Tool;
use crate::catalog::manifest::{PaginationKind, PaginationRule, StepManifest};
use crate::error::{Error, Result};
use crate::executor::request::Evaluated;
use crate::executor::scope::Scope;
use crate::executor::wire::{self, plain};
use crate::expressions::{Expression, Input};

/// The pages of one step's list.
pub(super) struct Pages<'a> {
    tool: &'a Tool,
    rule: &'a PaginationRule,
    step: &'a StepManifest,
    left: usize,
    items: Vec<Value>,
    /// Where the next page begins, of lists that are counted.
    at: u64,
    /// What led to this page; a page that leads to itself is the last.
    cursor: Option<Value>,
}

impl<'a> Pages<'a> {
    /// Of a step that goes on by itself.
    pub(super) fn of(tool: &'a Tool, step: &'a StepManifest) -> Option<Self> {
        let pages = step.auto_paginate?;
        let rule = tool
            .toolkit
            .manifest
            .pagination
            .get(step.paginate.as_ref()?)?;
        Some(Self {
            tool,
            rule,
            step,
            left: pages.max_pages,
            items: Vec::new(),
            at: 0,
            cursor: None,
        })
    }

    /// Asks for pages as large as there are, and notes where the first one begins.
    pub(super) fn begin(&mut self, made: &mut Evaluated, scope: &Scope) {
        let mut given = made.query(&self.step.request, scope);
        for (name, value) in scope.arguments() {
            let arg = self.tool.manifest.arg(name);
            let wire = arg.map_or(name.as_str(), wire::name);
            given.push((wire.to_owned(), plain(value)));
        }
        let find = |name: &str| given.iter().find(|(own, _)| own == name);
        if let (Some(name), Some(most)) = (&self.rule.limit_arg, self.rule.max_limit)
            && find(name).is_none()
            && is_query(self.step)
        {
            made.set_query(name, most.to_string());
        }
        let first = self.rule.cursor_arg.as_deref().and_then(find);
        let first = first.and_then(|(_, value)| value.parse().ok());
        self.at = match self.rule.kind {
            PaginationKind::Page => first.unwrap_or(1),
            _ => first.unwrap_or(0),
        };
    }

    /// Takes the items of a page, and says whether `made` now leads to another one; the last page gets
    /// the items of all.
    ///
    /// # Errors
    /// [`Error::Upstream`] when the rule cannot read the page.
    pub(super) async fn take(
        &mut self,
        answer: &mut Value,
        made: &mut Evaluated,
        scope: &Scope,
        url: &str,
    ) -> Result<bool> {
        self.left = self.left.saturating_sub(1);
        let body = answer.get("body").cloned().unwrap_or_default();
        let items = match &self.rule.items {
            Some(items) => self.read(scope, "items", items, &body).await?,
            None => body.clone(),
        };
        let Value::Array(items) = items else {
            self.merge(answer);
            return Ok(false);
        };
        let count = items.len() as u64;
        self.items.extend(items);
        let is_counted = matches!(
            self.rule.kind,
            PaginationKind::Offset | PaginationKind::Page
        );
        let is_over = self.left == 0 || (count == 0 && (self.rule.stop_when_empty || is_counted));
        let goes_on = !is_over && self.lead_on(answer, &body, count, made, scope, url).await?;
        if !goes_on {
            self.merge(answer);
        }
        Ok(goes_on)
    }

    async fn lead_on(
        &mut self,
        answer: &Value,
        body: &Value,
        count: u64,
        made: &mut Evaluated,
        scope: &Scope,
        url: &str,
    ) -> Result<bool> {
        if let Some(more) = &self.rule.has_more {
            let more = self.read(scope, "has_more", more, body).await?;
            if matches!(more, Value::Null | Value::Bool(false)) {
                return Ok(false);
            }
        }
        let next = match self.rule.kind {
            PaginationKind::Link => {
                let link = answer["headers"]["link"].as_str();
                link.and_then(next_link).map(Value::from)
            }
            PaginationKind::Cursor | PaginationKind::NextUrl => match &self.rule.cursor_path {
                Some(path) => Some(self.read(scope, "cursor_path", path, body).await?),
                None => None,
            },
            PaginationKind::Offset => {
                self.at += count;
                Some(self.at.into())
            }
            PaginationKind::Page => {
                self.at += 1;
                Some(self.at.into())
            }
        };
        let is_empty = |value: &Value| {
            matches!(value, Value::Null | Value::Bool(false)) || value.as_str() == Some("")
        };
        let Some(next) = next.filter(|next| !is_empty(next) && self.cursor.as_ref() != Some(next))
        else {
            return Ok(false);
        };
        self.cursor = Some(next.clone());
        match self.rule.kind {
            PaginationKind::Link | PaginationKind::NextUrl => {
                let next = Url::parse(url)
                    .ok()
                    .and_then(|here| here.join(next.as_str()?).ok());
                let Some(next) = next else { return Ok(false) };
                made.lead_to(&next);
            }
            PaginationKind::Cursor | PaginationKind::Offset | PaginationKind::Page => {
                let name = self.rule.cursor_arg.as_deref().unwrap_or_default();
                if is_query(self.step) {
                    made.set_query(name, plain(&next));
                } else {
                    made.add_to_body(name, next);
                }
            }
        }
        Ok(true)
    }

    async fn read(
        &self,
        scope: &Scope,
        key: &str,
        expression: &Expression,
        body: &Value,
    ) -> Result<Value> {
        let read = scope.read(key, expression, &Input::from(body)).await;
        read.map_err(|cause| Error::upstream(format!("step {}: pagination: {cause}", self.step.id)))
    }

    fn merge(&mut self, answer: &mut Value) {
        let items = Value::Array(std::mem::take(&mut self.items));
        let Some(body) = answer.get_mut("body") else {
            return;
        };
        let Some(path) = &self.rule.items else {
            if body.is_array() {
                *body = items;
            }
            return;
        };
        let mut names = path.source().trim_start_matches('.').split('.');
        let place = names.try_fold(body, |place, name| {
            let name = name.split_whitespace().next()?;
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            Some(place.as_object_mut()?.entry(name).or_insert(Value::Null))
        });
        if let Some(place) = place {
            *place = items;
        }
    }
}

fn is_query(step: &StepManifest) -> bool {
    matches!(step.request.method(), "GET" | "DELETE")
}

/// The target of `rel="next"` (RFC 8288 section 3).
fn next_link(header: &str) -> Option<String> {
    header.split(',').find_map(|link| {
        let (target, rest) = link.split_once('>')?;
        let is_next = rest
            .split(';')
            .any(|word| matches!(word.trim(), "rel=\"next\"" | "rel=next"));
        let target = target.trim().strip_prefix('<')?;
        is_next.then(|| target.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_the_links() {
        let header =
            "<https://a.test/?page=1>; rel=\"prev\", <https://a.test/?page=3>; rel=\"next\"";
        assert_eq!(next_link(header).as_deref(), Some("https://a.test/?page=3"));
        assert_eq!(next_link("<https://a.test/>; rel=\"last\""), None);
    }
}
