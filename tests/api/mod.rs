//! One file an area, under the same name as in `src/api`.

mod manners;
mod projects;
mod session_info;
