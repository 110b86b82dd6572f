//! Brings a token request to the form that a provider wants: further parameters, JSON, headers.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, header};
use oauth2::HttpRequest;
use serde_json::{Map, Value};

use crate::catalog::manifest::TokenBody;
use crate::error::{Error, Result};

/// What is changed about a token request.
pub(super) struct Form<'a> {
    /// Added to the body, or put in the place of what has the same name there.
    pub(super) params: Vec<(String, String)>,
    /// Added to the headers.
    pub(super) headers: &'a BTreeMap<String, String>,
    /// How the body is written.
    pub(super) body: TokenBody,
}

impl Form<'_> {
    /// The request, changed.
    ///
    /// # Errors
    /// When the manifest has a header that is none.
    pub(super) fn of(&self, request: HttpRequest) -> Result<HttpRequest> {
        let (mut parts, body) = request.into_parts();
        for (name, value) in self.headers {
            let header = HeaderName::from_bytes(name.as_bytes());
            let value = HeaderValue::from_str(value);
            let (Ok(header), Ok(value)) = (header, value) else {
                return Err(Error::internal(format!("`{name}` is no header")));
            };
            parts.headers.insert(header, value);
        }
        let own: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
        let is_replaced = |name: &String| {
            self.params
                .iter()
                .any(|(replacement, _)| replacement == name)
        };
        let pairs = own
            .into_iter()
            .filter(|(name, _)| !is_replaced(name))
            .chain(self.params.iter().cloned());
        let body = match self.body {
            TokenBody::Form => url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(pairs)
                .finish(),
            TokenBody::Json => {
                let json = HeaderValue::from_static("application/json");
                parts.headers.insert(header::CONTENT_TYPE, json);
                let fields: Map<String, Value> = pairs
                    .map(|(name, value)| (name, Value::String(value)))
                    .collect();
                Value::Object(fields).to_string()
            }
        };
        Ok(HttpRequest::from_parts(parts, body.into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formed(form: &Form<'_>) -> (Option<String>, String) {
        let request = http::Request::post("https://p.test/token")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(b"grant_type=client_credentials&client_id=a%26b".to_vec())
            .unwrap();
        let request = form.of(request).unwrap();
        let kind = request.headers()[header::CONTENT_TYPE].to_str().unwrap();
        (
            Some(kind.to_owned()),
            String::from_utf8(request.into_body()).unwrap(),
        )
    }

    #[test]
    fn a_parameter_takes_the_place_of_the_one_of_its_name() {
        let headers = BTreeMap::new();
        let form = Form {
            params: vec![
                ("grant_type".into(), "account_credentials".into()),
                ("account_id".into(), "x y".into()),
            ],
            headers: &headers,
            body: TokenBody::Form,
        };
        assert_eq!(
            formed(&form).1,
            "client_id=a%26b&grant_type=account_credentials&account_id=x+y"
        );
    }

    #[test]
    fn a_json_body_says_the_same_and_says_that_it_is_json() {
        let headers = BTreeMap::new();
        let form = Form {
            params: Vec::new(),
            headers: &headers,
            body: TokenBody::Json,
        };
        let (kind, body) = formed(&form);
        assert_eq!(kind.as_deref(), Some("application/json"));
        assert_eq!(
            body,
            r#"{"grant_type":"client_credentials","client_id":"a&b"}"#
        );
    }
}
