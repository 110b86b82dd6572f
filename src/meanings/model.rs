//! Asking the model, wherever it is, and looking at what it gives.

use std::sync::Arc;

use tokio::time::Instant;

use super::remote;
use crate::app::App;
use crate::embeddings::Engine;
use crate::error::{Error, Result};
use crate::sentence_model::Haste;

/// Longer vectors than any model has.
const MOST_NUMBERS: usize = 16_384;

/// A vector of length 1 for each text, in order.
///
/// # Errors
/// [`Error::Upstream`] when the model does not answer by then, or answers nonsense.
pub(super) async fn embed(
    app: &App,
    engine: &Engine,
    texts: Vec<String>,
    haste: Haste,
    deadline: Instant,
) -> Result<Vec<Arc<[f32]>>> {
    let asked = texts.len();
    let vectors = match engine {
        Engine::Url(model) => remote::embed(app, model, &texts, deadline).await?,
        Engine::Directory(model) => model.embed(texts, haste).await?,
    };
    checked(vectors, asked)
}

/// The vectors with length 1, if there is one for each text and they can be compared.
fn checked(vectors: Vec<Vec<f32>>, asked: usize) -> Result<Vec<Arc<[f32]>>> {
    let nonsense = |what: String| Error::Upstream {
        message: format!("the embedding model gave {what}"),
        timed_out: false,
    };
    if vectors.len() != asked {
        let count = vectors.len();
        return Err(nonsense(format!("{count} vectors for {asked} texts")));
    }
    let length = vectors.first().map_or(0, Vec::len);
    let one = |mut vector: Vec<f32>| {
        if vector.len() != length || !(1..=MOST_NUMBERS).contains(&length) {
            return Err(nonsense("vectors of different or no lengths".into()));
        }
        let norm = vector.iter().map(|number| number * number).sum::<f32>();
        let norm = norm.sqrt();
        if !norm.is_finite() || norm < f32::MIN_POSITIVE {
            return Err(nonsense("a vector without a direction".into()));
        }
        for number in &mut vector {
            *number /= norm;
        }
        Ok(vector.into())
    };
    vectors.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_get_length_1_and_nonsense_is_refused() {
        let good = checked(vec![vec![3.0, 4.0], vec![0.0, 2.0]], 2).unwrap();
        assert_eq!(good, [Arc::from([0.6, 0.8]), Arc::from([0.0, 1.0])]);
        for (vectors, asked) in [
            (vec![vec![1.0]], 2),
            (vec![vec![1.0], vec![1.0, 0.0]], 2),
            (vec![vec![]], 1),
            (vec![vec![0.0, 0.0]], 1),
            (vec![vec![f32::NAN, 1.0]], 1),
            (vec![vec![f32::MAX, f32::MAX]], 1),
        ] {
            assert!(checked(vectors.clone(), asked).is_err(), "{vectors:?}");
        }
    }
}
