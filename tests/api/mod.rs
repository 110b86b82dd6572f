//! One file an area, under the same name as in `src/api`.

mod manners;
