//! Connected accounts: connect, pick, refresh.
