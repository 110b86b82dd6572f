//! What tools mean to an embedding model: vectors of their texts, which whoever asks the model puts
//! here as they come.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use sha2::{Digest, Sha256};

use super::super::{Catalog, OwnKit, Tool};

/// SHA-256 of a tool's text.
pub type TextHash = [u8; 32];

/// Characters of a description that are embedded: what a tool does comes first.
const LONGEST_DESCRIPTION: usize = 300;
/// Bounds the memory: 150 MB with vectors of 384 numbers. Tools beyond are found by words alone.
const MOST_VECTORS: usize = 100_000;

/// What of a tool is embedded.
#[derive(Debug, Clone)]
pub struct ToolText {
    /// The text's hash, by which its vector is known.
    pub hash: TextHash,
    /// Its toolkit, its name and what it does.
    pub text: String,
}

impl ToolText {
    fn of(tool: &Tool) -> Self {
        let (toolkit, tool) = (&tool.toolkit.manifest, &tool.manifest);
        let said: String = tool.description.chars().take(LONGEST_DESCRIPTION).collect();
        let text = format!("{}: {}. {said}", toolkit.name, tool.name);
        Self {
            hash: Sha256::digest(&text).into(),
            text,
        }
    }
}

/// Vectors of length 1 by the hash of their text, shared by catalogs that are made of one another.
/// A search looks up its own catalog's texts alone, so that what others know adds nothing to it.
#[derive(Clone, Default)]
pub struct Meanings(Arc<RwLock<HashMap<TextHash, Arc<[f32]>>>>);

impl std::fmt::Debug for Meanings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Meanings({})", self.read().len())
    }
}

impl Meanings {
    fn read(&self) -> RwLockReadGuard<'_, HashMap<TextHash, Arc<[f32]>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing is known yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.read().is_empty()
    }

    /// Leaves those texts whose vectors are not known, each once; none when there is no more room.
    #[must_use]
    pub fn lacking(&self, mut texts: Vec<ToolText>) -> Vec<ToolText> {
        let known = self.read();
        if known.len() >= MOST_VECTORS {
            return Vec::new();
        }
        texts.retain(|text| !known.contains_key(&text.hash));
        texts.sort_by_key(|text| text.hash);
        texts.dedup_by_key(|text| text.hash);
        texts
    }

    /// Keeps the vectors of texts.
    pub fn add(&self, vectors: impl IntoIterator<Item = (TextHash, Arc<[f32]>)>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(vectors);
    }
}

impl Catalog {
    /// The vectors of its tools' texts, as far as they are known.
    #[must_use]
    pub const fn meanings(&self) -> &Meanings {
        &self.meanings
    }

    /// What of its tools is embedded.
    #[must_use]
    pub fn texts(&self) -> Vec<ToolText> {
        self.tools.iter().map(|tool| ToolText::of(tool)).collect()
    }

    /// The tools nearest in meaning, by their place, and how near: 0 is as near as any text is to any
    /// other, 1 the same. Models differ in how alike they find what has nothing in common, which is
    /// why that is taken off.
    pub(super) fn nearest(
        &self,
        meaning: &[f32],
        most: usize,
        passes: impl Fn(usize) -> bool,
    ) -> Vec<(usize, f32)> {
        let hashes = self.text_hashes.get_or_init(|| {
            let hash = |tool: &Arc<Tool>| ToolText::of(tool).hash;
            self.tools.iter().map(hash).collect()
        });
        let known = self.meanings.read();
        let vectors = hashes.iter().map(|hash| known.get(hash)).enumerate();
        let mut near: Vec<(usize, f32)> = vectors
            .filter_map(|(place, vector)| Some((place, cosine(vector?, meaning)?)))
            .collect();
        drop(known);
        let sum: f32 = near.iter().map(|(_, cosine)| cosine).sum();
        #[expect(
            clippy::cast_precision_loss,
            reason = "there are fewer tools than that"
        )]
        let usual = (sum / near.len().max(1) as f32).clamp(0.0, 0.99);
        near.sort_by(|(a, x), (b, y)| y.total_cmp(x).then(a.cmp(b)));
        near.retain_mut(|(_, cosine)| {
            *cosine = (*cosine - usual) / (1.0 - usual);
            *cosine > 0.0
        });
        let near = near.into_iter().filter(|(place, _)| passes(*place));
        near.take(most).collect()
    }
}

impl OwnKit {
    /// What of its tools is embedded.
    #[must_use]
    pub fn texts(&self) -> Vec<ToolText> {
        self.forms().map(|tool| ToolText::of(tool)).collect()
    }
}

/// Of two vectors of length 1; none when they are of different models.
fn cosine(one: &[f32], other: &[f32]) -> Option<f32> {
    if one.len() != other.len() {
        return None;
    }
    let (ones, rest) = one.as_chunks::<8>();
    let (others, other_rest) = other.as_chunks::<8>();
    // Eight sums side by side, which a processor adds at once; it may not reorder a single one.
    let mut sums = [0.0; 8];
    for (one, other) in ones.iter().zip(others) {
        for at in 0..8 {
            sums[at] += one[at] * other[at];
        }
    }
    let rest = rest.iter().zip(other_rest).map(|(x, y)| x * y);
    Some(sums.iter().sum::<f32>() + rest.sum::<f32>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cosine_takes_every_number_and_only_vectors_of_one_model() {
        let vector: Vec<f32> = (0..11_u8).map(f32::from).collect();
        assert_eq!(cosine(&vector, &vector), Some(385.0));
        assert_eq!(cosine(&vector, &vector[1..]), None);
    }
}
