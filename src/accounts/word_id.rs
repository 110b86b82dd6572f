//! A name for an account that a model can say: the toolkit and two words, always the same for the
//! same id.

use sha2::{Digest, Sha256};

use crate::ids::AccountId;

const FIRST: [&str; 32] = [
    "amber", "azure", "bold", "brave", "bright", "brisk", "calm", "clear", "cosy", "crisp", "deep",
    "eager", "fair", "fond", "fresh", "gentle", "glad", "golden", "grand", "green", "jolly",
    "keen", "kind", "lively", "lucky", "merry", "noble", "proud", "quick", "quiet", "sunny",
    "warm",
];
const SECOND: [&str; 32] = [
    "acorn", "anchor", "badger", "beacon", "birch", "breeze", "brook", "cedar", "cliff", "comet",
    "coral", "crane", "delta", "falcon", "fern", "forest", "harbor", "heron", "island", "lantern",
    "maple", "meadow", "otter", "pebble", "pine", "raven", "reef", "river", "sparrow", "summit",
    "thistle", "willow",
];

/// `github_calm-otter`
#[must_use]
pub fn word_id(toolkit: &str, id: &AccountId) -> String {
    let digest = Sha256::digest(id.as_str().as_bytes());
    let word = |words: &[&'static str; 32], byte: u8| words[usize::from(byte) % words.len()];
    format!(
        "{toolkit}_{}-{}",
        word(&FIRST, digest[0]),
        word(&SECOND, digest[1])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_keeps_its_words() {
        let id = AccountId::from("ca_1".to_owned());
        let words = word_id("github", &id);
        assert_eq!(words, word_id("github", &id));
        assert!(
            words.starts_with("github_") && words.contains('-'),
            "{words}"
        );
    }
}
