//! A content in pieces of one size, read once from its beginning to its end unless a place before
//! the piece in hand is asked for.

use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;

use crate::error::Result;
use crate::outbound::{ByteStream, StreamedBody};

/// The pieces of one content.
pub(super) struct Pieces<'c> {
    content: &'c StreamedBody,
    /// In bytes.
    size: usize,
    source: ByteStream,
    /// Read from the source and not handed out.
    left: Bytes,
    /// The piece in hand, and where it begins.
    piece: Bytes,
    start: u64,
}

impl<'c> Pieces<'c> {
    pub(super) fn new(content: &'c StreamedBody, size: usize) -> Self {
        Self {
            content,
            size,
            source: (content.open)(),
            left: Bytes::new(),
            piece: Bytes::new(),
            start: 0,
        }
    }

    /// The bytes from `place` to the end of their piece; none at the end of the content.
    ///
    /// # Errors
    /// When the content cannot be read.
    pub(super) async fn at(&mut self, place: u64) -> Result<Bytes> {
        if place < self.start {
            *self = Self::new(self.content, self.size);
        }
        while place >= self.start + self.piece.len() as u64 {
            self.start += self.piece.len() as u64;
            // Let go of before the next one is read, or two would be in memory.
            self.piece = Bytes::new();
            self.piece = self.next().await?;
            if self.piece.is_empty() {
                return Ok(Bytes::new());
            }
        }
        let skipped = usize::try_from(place - self.start).unwrap_or(usize::MAX);
        Ok(self.piece.slice(skipped..))
    }

    async fn next(&mut self) -> Result<Bytes> {
        let mut piece = BytesMut::with_capacity(self.size);
        loop {
            let taken = self.left.len().min(self.size - piece.len());
            piece.extend_from_slice(&self.left.split_to(taken));
            if piece.len() == self.size {
                return Ok(piece.freeze());
            }
            match self.source.try_next().await? {
                Some(chunk) => self.left = chunk,
                None => return Ok(piece.freeze()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::{StreamExt, stream};

    use super::*;

    #[tokio::test]
    async fn every_place_is_found_forwards_and_backwards() {
        let chunks = ["ab", "", "cdefgh", "i", "j"].map(Bytes::from);
        let content = StreamedBody {
            length: Some(10),
            open: Arc::new(move || stream::iter(chunks.clone()).map(Ok).boxed()),
        };
        let mut pieces = Pieces::new(&content, 4);
        for (place, expected) in [
            (0, "abcd"),
            (2, "cd"),
            (4, "efgh"),
            (9, "j"),
            (10, ""),
            (10, ""),
            (3, "d"),
            (8, "ij"),
        ] {
            assert_eq!(pieces.at(place).await.unwrap(), expected, "{place}");
        }
    }
}
