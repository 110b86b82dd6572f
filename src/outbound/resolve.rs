//! Name resolution that leaves out addresses the guard refuses. The connection goes to what was
//! judged here, so a name that changes its mind between a look and a connect gains nothing.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::guard::{Guard, Refused};

/// The system's resolver behind the guard.
#[derive(Debug)]
pub(super) struct GuardedResolver {
    pub(super) guard: Guard,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.guard.clone();
        Box::pin(async move {
            let host = name.as_str();
            // Port 0 stands for the URL's port.
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            let permitted = permitted(&guard, host, found)?;
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// What remains of `found`; it is an error if nothing does.
fn permitted(
    guard: &Guard,
    host: &str,
    mut found: Vec<SocketAddr>,
) -> Result<Vec<SocketAddr>, Refused> {
    let refused = found
        .iter()
        .map(SocketAddr::ip)
        .find(|address| !guard.permits(*address));
    found.retain(|address| guard.permits(address.ip()));
    match refused {
        Some(address) if found.is_empty() => Err(Refused {
            host: host.to_owned(),
            address,
        }),
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_answers_are_left_out_and_only_private_answers_are_an_error() {
        let guard = Guard::new(&[]);
        let private: SocketAddr = "10.0.0.1:0".parse().unwrap();
        let public: SocketAddr = "1.1.1.1:0".parse().unwrap();
        assert_eq!(
            permitted(&guard, "a.test", vec![private, public]).unwrap(),
            [public]
        );
        let refused = permitted(&guard, "a.test", vec![private]).unwrap_err();
        assert_eq!(
            refused,
            Refused {
                host: "a.test".into(),
                address: private.ip()
            }
        );
    }
}
