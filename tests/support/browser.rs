//! A browser as far as the hosted pages need one: it keeps a page's cookie, sends the page's own
//! hidden fields back, and goes on where a page leads it.

use reqwest::Method;

use super::client::{Client, Reply};

/// A page that was opened, with all a browser keeps to send its form.
#[derive(Debug, Clone)]
pub struct Page {
    pub reply: Reply,
    client: Client,
    url: String,
    pub cookie: Option<String>,
    pub hidden: Vec<(String, String)>,
}

impl Page {
    pub async fn open(client: &Client, url: &str) -> Self {
        let reply = client.get(url).await;
        let cookie = reply.header("set-cookie").map(|cookie| {
            let pair = cookie.split(';').next().expect("a name and a value");
            pair.to_owned()
        });
        let hidden = reply.text.split("<input type=\"hidden\" ").skip(1);
        let hidden = hidden.map(|input| (attribute(input, "name"), attribute(input, "value")));
        Self {
            hidden: hidden.collect(),
            cookie,
            client: client.clone(),
            url: url.to_owned(),
            reply,
        }
    }

    /// The same page in a browser that sends one more header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.client = self.client.with_header(name, value);
        self
    }

    /// Sends the form with these fields filled in.
    pub async fn send(&self, fields: &[(&str, &str)]) -> Reply {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.send_text(&form).await
    }

    /// Sends the form with whatever text for its fields.
    pub async fn send_text(&self, fields: &str) -> Reply {
        let hidden = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.hidden)
            .finish();
        let client = match &self.cookie {
            Some(cookie) => self.client.with_header("cookie", cookie),
            None => self.client.clone(),
        };
        let body = Some(format!("{hidden}&{fields}"));
        client.send(Method::POST, &self.url, body).await
    }
}

fn attribute(input: &str, name: &str) -> String {
    let (_, rest) = input
        .split_once(&format!("{name}=\""))
        .expect("the attribute");
    rest.split('"').next().expect("its end").to_owned()
}

/// Where a browser goes from this answer: by a redirect, or by a page that leads on at once.
#[track_caller]
pub fn onward(reply: &Reply) -> url::Url {
    let target = match reply.status {
        303 => reply.header("location"),
        _ => reply
            .header("refresh")
            .and_then(|refresh| refresh.strip_prefix("0; url=")),
    };
    let target =
        target.unwrap_or_else(|| panic!("it leads nowhere: {} {}", reply.status, reply.text));
    target.parse().expect("a URL")
}
