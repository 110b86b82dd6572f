//! Puts credentials into requests, one file a scheme.
