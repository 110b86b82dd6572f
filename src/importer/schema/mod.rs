//! From the schemas of a description to those that every model accepts: an object at the top, one
//! type each, no references, no unions, and no more bytes than a model should read with every call.

mod combine;
mod flatten;
mod keywords;
mod prose;
mod shape;

pub(super) use flatten::{Flat, Wanted, flatten};
pub(super) use prose::{cut, needs};
pub(super) use shape::{Kind, MOST_STEPS, Patterns, Resolver, Shape};
