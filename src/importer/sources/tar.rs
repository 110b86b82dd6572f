//! Finds a file in a tar archive as it streams by (POSIX.1-2001 `pax`, and GNU's long names).
//! Whatever an archive says, no more than a name is ever held in memory.

use std::io::{self, Read};

const BLOCK: usize = 512;
/// Names and their extended headers are far shorter.
const LONGEST_EXTENSION: u64 = 64 * 1024;

/// What an extended header says about the next file.
#[derive(Default)]
struct Extension {
    path: Option<String>,
    size: Option<u64>,
}

/// Reads up to the content of the first plain file that `is_wanted`; its size, if there is one.
pub(super) fn find(
    archive: &mut impl Read,
    is_wanted: impl Fn(&str) -> bool,
) -> io::Result<Option<u64>> {
    let mut next = Extension::default();
    loop {
        let mut header = [0; BLOCK];
        if !read_block(archive, &mut header)? || header.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let size = number(&header[124..136])?;
        match header[156] {
            b'L' => next.path = Some(text(&extension(archive, size)?)),
            b'x' => next.read(&extension(archive, size)?),
            kind => {
                let Extension { path, size: told } = std::mem::take(&mut next);
                let size = told.unwrap_or(size);
                let path = path.unwrap_or_else(|| name(&header));
                if matches!(kind, b'0' | 0) && is_wanted(path.strip_prefix("./").unwrap_or(&path)) {
                    return Ok(Some(size));
                }
                // Links and folders have no content, whatever they say.
                if !matches!(kind, b'1'..=b'6') {
                    skip(archive, size)?;
                }
            }
        }
    }
}

/// False at the end.
fn read_block(archive: &mut impl Read, block: &mut [u8; BLOCK]) -> io::Result<bool> {
    let mut filled = 0;
    while filled < BLOCK {
        match archive.read(&mut block[filled..])? {
            0 if filled == 0 => return Ok(false),
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
    Ok(true)
}

fn padded(size: u64) -> io::Result<u64> {
    size.checked_next_multiple_of(BLOCK as u64)
        .ok_or_else(|| strange("a size beyond all sizes"))
}

fn skip(archive: &mut impl Read, size: u64) -> io::Result<()> {
    let size = padded(size)?;
    let skipped = io::copy(&mut archive.take(size), &mut io::sink())?;
    if skipped < size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

fn extension(archive: &mut impl Read, size: u64) -> io::Result<Vec<u8>> {
    if size > LONGEST_EXTENSION {
        return Err(strange("a name longer than all names"));
    }
    let mut bytes = Vec::new();
    archive.take(padded(size)?).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    bytes.truncate(usize::try_from(size).unwrap_or_default());
    Ok(bytes)
}

impl Extension {
    /// Records of `length key=value\n`.
    fn read(&mut self, records: &[u8]) {
        let text = String::from_utf8_lossy(records);
        for record in text.split('\n') {
            let record = record.split_once(' ').map_or("", |(_, record)| record);
            match record.split_once('=') {
                Some(("path", value)) => self.path = Some(value.to_owned()),
                Some(("size", value)) => self.size = value.parse().ok(),
                _ => {}
            }
        }
    }
}

/// The name in a header, with the prefix of `ustar`.
fn name(header: &[u8; BLOCK]) -> String {
    let own = text(&header[..100]);
    let prefix = text(&header[345..500]);
    // GNU's own headers keep other things there.
    if &header[257..263] == b"ustar\0" && !prefix.is_empty() {
        return format!("{prefix}/{own}");
    }
    own
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]).into_owned()
}

/// Octal digits, or bytes where the first one says so (GNU).
fn number(field: &[u8]) -> io::Result<u64> {
    if field[0] & 0x80 != 0 {
        let (high, low) = field.split_at(field.len() - 8);
        if high[1..].iter().any(|byte| *byte != 0) || high[0] != 0x80 {
            return Err(strange("a size beyond all sizes"));
        }
        let low = low.try_into().map_err(|_| strange("no size"))?;
        return Ok(u64::from_be_bytes(low));
    }
    let digits = text(field);
    let digits = digits.trim();
    if digits.is_empty() {
        return Ok(0);
    }
    u64::from_str_radix(digits, 8).map_err(|_| strange("no size"))
}

fn strange(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("its tar file has {what}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One entry with its content, padded.
    fn entry(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut block = vec![0; BLOCK];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
        block[156] = kind;
        block[257..263].copy_from_slice(b"ustar\0");
        block.extend(content);
        block.resize(block.len().next_multiple_of(BLOCK), 0);
        block
    }

    fn found(archive: &[u8], name: &str) -> io::Result<Option<Vec<u8>>> {
        let mut rest = archive;
        let Some(size) = find(&mut rest, |path| path == name)? else {
            return Ok(None);
        };
        let mut content = Vec::new();
        rest.take(size).read_to_end(&mut content)?;
        Ok(Some(content))
    }

    #[test]
    fn a_file_is_found_by_its_short_long_or_extended_name() {
        let long = "package/".to_owned() + &"deep/".repeat(40) + "x.json";
        let record = format!("path={long}2\n");
        let mut prefixed = entry("tail.json", b'0', b"four");
        prefixed[345..352].copy_from_slice(b"package");
        let archive = [
            entry("package/a.json", b'0', b"one"),
            entry("././@LongLink", b'L', format!("{long}\0").as_bytes()),
            entry("cut", b'0', b"two"),
            entry(
                "PaxHeader",
                b'x',
                format!("{} {record}", record.len() + 4).as_bytes(),
            ),
            entry("cut", 0, b"three"),
            prefixed,
        ]
        .concat();
        for (name, content) in [
            ("package/a.json", b"one".as_slice()),
            (&long, b"two"),
            (&format!("{long}2"), b"three"),
            ("package/tail.json", b"four"),
        ] {
            assert_eq!(
                found(&archive, name).unwrap().as_deref(),
                Some(content),
                "{name}"
            );
        }
        assert_eq!(found(&archive, "package/b.json").unwrap(), None);
    }

    #[test]
    fn a_link_is_no_file_and_its_size_is_not_believed() {
        let mut link = entry("package/a.json", b'2', b"");
        link[124..135].copy_from_slice(b"77777777777");
        let archive = [link, entry("package/b.json", b'0', b"b")].concat();
        assert_eq!(found(&archive, "package/a.json").unwrap(), None);
        assert_eq!(
            found(&archive, "package/b.json").unwrap().as_deref(),
            Some(b"b".as_slice())
        );
    }

    #[rstest::rstest]
    #[case::a_name_without_end(b'L', b"00200000000")]
    #[case::records_without_end(b'x', b"77777777777")]
    #[case::a_file_that_is_cut(b'0', b"00000001000")]
    #[case::no_number(b'0', b"zzzzzzzzzzz")]
    fn what_an_archive_says_of_itself_is_not_believed(#[case] kind: u8, #[case] size: &[u8; 11]) {
        let mut broken = entry("package/a", kind, b"");
        broken[124..135].copy_from_slice(size);
        assert!(found(&broken, "package/b").is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_end_in_an_answer(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..3000)) {
            let _ = found(&bytes, "package/a");
        }
    }
}
