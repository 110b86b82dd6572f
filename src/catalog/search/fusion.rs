//! Two rankings made one: by words and, where an embedding model says what a query means, by meaning
//! (reciprocal rank fusion: Cormack, Clarke and Buettcher, SIGIR 2009).

use std::collections::HashMap;
use std::sync::Arc;

use super::super::{Catalog, Tool};
use super::index::Hit;

// Tuned on the tuned half of tests/search/queries.yaml with all-MiniLM-L6-v2.
/// How little the first places stand above those behind them.
const SMOOTHING: f32 = 10.0;
/// What a place by meaning counts beside one by words.
const SHARE: f32 = 0.3;
/// Tools that have a place by meaning.
const NEAREST: usize = 100;
/// How near a tool is that no word finds: what means nothing comes no nearer than 0.30 to any of
/// 6,000 tools.
const FLOOR: f32 = 0.33;

impl Catalog {
    /// The tools that answer a query among those that pass, by their place, best first. `meaning` is
    /// the query's vector.
    pub(in crate::catalog) fn sought(
        &self,
        query: &str,
        meaning: Option<&[f32]>,
        passes: impl Fn(&Arc<Tool>) -> bool,
    ) -> Vec<Hit> {
        let passes = |place: usize| self.tools.get(place).is_some_and(&passes);
        let mut words = self.search_index().search(query);
        words.retain(|hit| passes(hit.document));
        match meaning {
            // The name of a tool means that tool.
            Some(meaning) if words.first().is_none_or(|best| best.score < 1.0) => {
                fused(&words, &self.nearest(meaning, NEAREST, passes))
            }
            _ => words,
        }
    }
}

/// The tools that words found and those that are near, in the order of both. Scores tell how much of
/// a query a tool answers, which places do not: those by words stay, in the new order.
fn fused(words: &[Hit], near: &[(usize, f32)]) -> Vec<Hit> {
    let hit = |(document, score): (usize, f32)| Hit { document, score };
    let near_enough = near.iter().filter(|(_, near)| *near >= FLOOR);
    if words.is_empty() {
        return near_enough.copied().map(hit).collect();
    }
    let mut points: HashMap<usize, f32> = HashMap::new();
    let by_words = words.iter().map(|hit| hit.document);
    for (document, place) in by_words.clone().zip(places()) {
        points.insert(document, 1.0 / place);
    }
    let mut order: Vec<usize> = by_words.collect();
    for ((document, nearness), place) in near.iter().zip(places()) {
        let found = points
            .get_mut(document)
            .map(|points| *points += SHARE / place);
        if found.is_none() && *nearness >= FLOOR {
            points.insert(*document, SHARE / place);
            order.push(*document);
        }
    }
    order.sort_by(|one, other| points[other].total_cmp(&points[one]));
    let least = words.last().map_or(0.0, |hit| hit.score);
    let scores = words.iter().map(|hit| hit.score);
    order
        .into_iter()
        .zip(scores.chain(std::iter::repeat(least)))
        .map(hit)
        .collect()
}

fn places() -> impl Iterator<Item = f32> {
    std::iter::successors(Some(SMOOTHING + 1.0), |place| Some(place + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(scores: &[f32]) -> Vec<Hit> {
        let hit = |(document, score): (usize, &f32)| Hit {
            document,
            score: *score,
        };
        scores.iter().enumerate().map(hit).collect()
    }

    fn order(hits: &[Hit]) -> Vec<usize> {
        hits.iter().map(|hit| hit.document).collect()
    }

    #[test]
    fn meaning_decides_between_tools_that_words_find_about_as_good() {
        let found = fused(&words(&[0.9, 0.5, 0.4]), &[(1, 0.7), (2, 0.6)]);
        assert_eq!(order(&found), [1, 2, 0]);
        let scores: Vec<f32> = found.iter().map(|hit| hit.score).collect();
        assert_eq!(scores, [0.9, 0.5, 0.4]);
    }

    #[test]
    fn what_only_meaning_finds_comes_last_and_must_be_near() {
        let found = fused(&words(&[0.9, 0.5]), &[(7, 0.8), (8, 0.2)]);
        assert_eq!(order(&found), [0, 1, 7]);
        assert!(found[2].score <= found[1].score);
    }

    #[test]
    fn where_words_find_nothing_only_what_is_near_is_found() {
        let found = fused(&[], &[(3, 0.6), (4, 0.34), (5, 0.3)]);
        assert_eq!(order(&found), [3, 4]);
        assert!((found[0].score - 0.6).abs() < f32::EPSILON);
        assert!(fused(&[], &[]).is_empty());
    }
}
