//! Which web pages may speak here. A browser names the page's origin, and a page that got this
//! server's address into its own name (DNS rebinding) still names itself.

use axum::http::{HeaderMap, StatusCode, header};
use url::Url;

use super::fault::Fault;
use crate::app::App;

/// Refuses pages of other sites; programs send no `Origin`.
///
/// # Errors
/// When the origin is neither this server's own nor on this computer.
pub(super) fn check(app: &App, headers: &HeaderMap) -> Result<(), Fault> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let is_fine = origin
        .to_str()
        .ok()
        .and_then(|origin| Url::parse(origin).ok())
        .is_some_and(|origin| is_local(&origin) || is_own(app, &origin));
    if is_fine {
        return Ok(());
    }
    Err(Fault::http(
        StatusCode::FORBIDDEN,
        "pages of other sites may not speak here",
    ))
}

fn is_local(origin: &Url) -> bool {
    match origin.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn is_own(app: &App, origin: &Url) -> bool {
    Url::parse(&app.config.public_base()).is_ok_and(|own| own.origin() == origin.origin())
}
