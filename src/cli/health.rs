//! `tenon health`: asks a running server whether it lives, for containers without curl.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use clap::Args;

use crate::error::{Error, Result};

const LIMIT: Duration = Duration::from_secs(3);
/// Enough for the status line.
const READ_BYTES: u64 = 64;

/// Which server to ask.
#[derive(Debug, Args)]
pub(super) struct Health {
    /// Address and port that the server listens on.
    #[arg(long, env = "TENON_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

/// Succeeds when the server at hand answers `GET /health` with 200.
pub(super) fn check(health: &Health) -> Result<()> {
    let address = reachable(health.listen);
    let status = status_line(address).map_err(|cause| {
        Error::invalid(format!("the server at {address} does not answer: {cause}"))
    })?;
    if status.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the server at {address} answers {:?}",
        status.lines().next().unwrap_or_default()
    )))
}

/// A server on every address is asked on the loopback one.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listen.port())
}

fn status_line(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(READ_BYTES).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
