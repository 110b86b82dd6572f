//! The schema language (GraphQL specification, section 3), as far as it says what can be asked:
//! directives are read over.

use super::{DEEPEST_TYPE, Field, Input, Kind, Schema, Type, TypeRef};
use crate::error::{Error, Result};

/// Around texts of several lines.
const BLOCK: &str = "\"\"\"";
/// The directive of what is going to go.
const DEPRECATED: &str = "deprecated";

/// A word, a text, or one sign.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'t> {
    Word(&'t str),
    Text(&'t str),
    Sign(char),
}

pub(super) fn schema(text: &str) -> Result<Schema> {
    let mut reader = Reader {
        text,
        at: 0,
        schema: Schema::default(),
    };
    let told = reader.all();
    told.map_err(|expected| {
        let line = 1 + text[..reader.at.min(text.len())].matches('\n').count();
        Error::invalid(format!(
            "the GraphQL schema cannot be read: line {line}: expected {expected}"
        ))
    })?;
    let Reader { mut schema, .. } = reader;
    // The usual names, where no `schema` says otherwise.
    for (root, name) in [
        (&mut schema.query, "Query"),
        (&mut schema.mutation, "Mutation"),
    ] {
        if root.is_none() && schema.types.contains_key(name) {
            *root = Some(name.to_owned());
        }
    }
    Ok(schema)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    schema: Schema,
}

/// What was expected where the text goes wrong.
type Read<T> = std::result::Result<T, &'static str>;

impl<'t> Reader<'t> {
    fn all(&mut self) -> Read<()> {
        while let Some(token) = self.peek()? {
            if matches!(token, Token::Text(_)) || token == Token::Word("extend") {
                self.next()?;
                if let (Token::Text(about), Some(_)) = (token, self.peek()?) {
                    self.definition(about)?;
                }
                continue;
            }
            self.definition("")?;
        }
        Ok(())
    }

    fn definition(&mut self, about: &str) -> Read<()> {
        let word = self.word()?;
        let kind = match word {
            "schema" => return self.roots(),
            "directive" => return self.directive_definition(),
            "extend" => return self.definition(about),
            "scalar" => Kind::Scalar,
            "type" => Kind::Object,
            "interface" => Kind::Interface,
            "union" => Kind::Union,
            "enum" => Kind::Enum,
            "input" => Kind::Input,
            _ => return Err("a definition"),
        };
        let name = self.word()?.to_owned();
        let mut found = Type {
            kind,
            description: plain(about),
            ..Type::default()
        };
        let mut interfaces = Vec::new();
        if self.takes(Token::Word("implements"))? {
            self.takes(Token::Sign('&'))?;
            interfaces.push(self.word()?.to_owned());
            while self.takes(Token::Sign('&'))? {
                interfaces.push(self.word()?.to_owned());
            }
        }
        found.is_one_of = self.directives()?.contains(&"oneOf");
        if kind == Kind::Union && self.takes(Token::Sign('='))? {
            self.takes(Token::Sign('|'))?;
            found.possible.push(self.word()?.to_owned());
            while self.takes(Token::Sign('|'))? {
                found.possible.push(self.word()?.to_owned());
            }
        } else if self.takes(Token::Sign('{'))? {
            self.members(&mut found)?;
        }
        for interface in interfaces {
            let known = self.schema.types.entry(interface).or_default();
            known.possible.push(name.clone());
        }
        self.keep(name, found);
        Ok(())
    }

    /// A type may stand there in several pieces.
    fn keep(&mut self, name: String, found: Type) {
        let Type {
            kind,
            description,
            fields,
            inputs,
            values,
            possible,
            is_one_of,
            asked: _,
            is_page: _,
        } = found;
        let known = self.schema.types.entry(name).or_default();
        known.kind = kind;
        known.is_one_of |= is_one_of;
        if known.description.is_empty() {
            known.description = description;
        }
        known.fields.extend(fields);
        known.inputs.extend(inputs);
        known.values.extend(values);
        known.possible.extend(possible);
    }

    fn members(&mut self, found: &mut Type) -> Read<()> {
        while !self.takes(Token::Sign('}'))? {
            let about = self.about()?;
            let name = self.word()?.to_owned();
            match found.kind {
                Kind::Enum => {
                    found.values.push(name);
                    self.directives()?;
                }
                Kind::Input => {
                    let input = self.input(name, about)?;
                    found.inputs.push(input);
                }
                Kind::Scalar | Kind::Object | Kind::Interface | Kind::Union => {
                    let arguments = if self.takes(Token::Sign('('))? {
                        self.inputs(')')?
                    } else {
                        Vec::new()
                    };
                    self.expect(':')?;
                    found.fields.push(Field {
                        name,
                        description: about,
                        arguments,
                        of: self.reference(0)?,
                        is_deprecated: self.directives()?.contains(&DEPRECATED),
                    });
                }
            }
        }
        Ok(())
    }

    fn inputs(&mut self, end: char) -> Read<Vec<Input>> {
        let mut inputs = Vec::new();
        while !self.takes(Token::Sign(end))? {
            let about = self.about()?;
            let name = self.word()?.to_owned();
            inputs.push(self.input(name, about)?);
        }
        Ok(inputs)
    }

    fn input(&mut self, name: String, description: String) -> Read<Input> {
        self.expect(':')?;
        let of = self.reference(0)?;
        let has_default = self.takes(Token::Sign('='))?;
        if has_default {
            self.value()?;
        }
        Ok(Input {
            name,
            description,
            of,
            has_default,
            is_deprecated: self.directives()?.contains(&DEPRECATED),
        })
    }

    fn roots(&mut self) -> Read<()> {
        self.directives()?;
        if !self.takes(Token::Sign('{'))? {
            return Ok(());
        }
        while !self.takes(Token::Sign('}'))? {
            let operation = self.word()?;
            self.expect(':')?;
            let name = Some(self.word()?.to_owned());
            match operation {
                "query" => self.schema.query = name,
                "mutation" => self.schema.mutation = name,
                _ => {}
            }
        }
        Ok(())
    }

    /// `directive @name(args) repeatable on A | B`
    fn directive_definition(&mut self) -> Read<()> {
        self.expect('@')?;
        self.word()?;
        if self.takes(Token::Sign('('))? {
            self.inputs(')')?;
        }
        self.takes(Token::Word("repeatable"))?;
        if !self.takes(Token::Word("on"))? {
            return Err("`on`");
        }
        self.takes(Token::Sign('|'))?;
        self.word()?;
        while self.takes(Token::Sign('|'))? {
            self.word()?;
        }
        Ok(())
    }

    /// The names of directives; what stands in them is read over.
    fn directives(&mut self) -> Read<Vec<&'t str>> {
        let mut names = Vec::new();
        while self.takes(Token::Sign('@'))? {
            names.push(self.word()?);
            if self.takes(Token::Sign('('))? {
                while !self.takes(Token::Sign(')'))? {
                    self.word()?;
                    self.expect(':')?;
                    self.value()?;
                }
            }
        }
        Ok(names)
    }

    /// Reads over a value.
    fn value(&mut self) -> Read<()> {
        let mut open = 0_usize;
        loop {
            match self.next()?.ok_or("a value")? {
                Token::Sign('[' | '{') => open += 1,
                Token::Sign(']' | '}') => open = open.checked_sub(1).ok_or("a value")?,
                // A variable's or an enum's name, and what stands between members.
                Token::Sign('$' | '-') => continue,
                Token::Sign(':') if open > 0 => {}
                Token::Sign(_) => return Err("a value"),
                Token::Word(_) | Token::Text(_) => {}
            }
            if open == 0 {
                return Ok(());
            }
        }
    }

    fn reference(&mut self, depth: usize) -> Read<TypeRef> {
        if depth > DEEPEST_TYPE {
            return Err("fewer lists of lists");
        }
        let inner = if self.takes(Token::Sign('['))? {
            let inner = self.reference(depth + 1)?;
            self.expect(']')?;
            TypeRef::List(Box::new(inner))
        } else {
            TypeRef::Named(self.word()?.to_owned())
        };
        if self.takes(Token::Sign('!'))? {
            return Ok(TypeRef::NonNull(Box::new(inner)));
        }
        Ok(inner)
    }

    fn about(&mut self) -> Read<String> {
        match self.peek()? {
            Some(Token::Text(text)) => {
                self.next()?;
                Ok(plain(text))
            }
            _ => Ok(String::new()),
        }
    }

    fn word(&mut self) -> Read<&'t str> {
        match self.next()? {
            Some(Token::Word(word)) => Ok(word),
            _ => Err("a name"),
        }
    }

    fn expect(&mut self, sign: char) -> Read<()> {
        if self.takes(Token::Sign(sign))? {
            return Ok(());
        }
        Err(match sign {
            ':' => "`:`",
            ']' => "`]`",
            '@' => "`@`",
            _ => "another sign",
        })
    }

    fn takes(&mut self, token: Token<'_>) -> Read<bool> {
        let is_it = self.peek()? == Some(token);
        if is_it {
            self.next()?;
        }
        Ok(is_it)
    }

    fn peek(&mut self) -> Read<Option<Token<'t>>> {
        let at = self.at;
        let token = self.next();
        self.at = at;
        token
    }

    fn next(&mut self) -> Read<Option<Token<'t>>> {
        loop {
            let rest = &self.text[self.at..];
            let plain = rest
                .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '\u{feff}'));
            self.at += rest.len() - plain.len();
            if !plain.starts_with('#') {
                break;
            }
            self.at += plain.find('\n').unwrap_or(plain.len());
        }
        let rest = &self.text[self.at..];
        let Some(first) = rest.chars().next() else {
            return Ok(None);
        };
        let (token, length) = if let Some(inner) = rest.strip_prefix(BLOCK) {
            let end = end_of_block(inner).ok_or("the end of a text")?;
            (Token::Text(&inner[..end]), end + 6)
        } else if let Some(inner) = rest.strip_prefix('"') {
            let end = end_of_string(inner).ok_or("the end of a text")?;
            (Token::Text(&inner[..end]), end + 2)
        } else {
            let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '+');
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            if end == 0 {
                (Token::Sign(first), first.len_utf8())
            } else {
                (Token::Word(&rest[..end]), end)
            }
        };
        self.at += length;
        Ok(Some(token))
    }
}

fn end_of_block(text: &str) -> Option<usize> {
    let mut ends = text.match_indices(BLOCK).map(|(end, _)| end);
    ends.find(|end| !text[..*end].ends_with('\\'))
}

/// A text as it is read: escapes are those of one line, or of a block.
fn plain(text: &str) -> String {
    let plain = text.trim().replace("\\\"\"\"", BLOCK);
    if !plain.contains('\\') || plain.contains('\n') {
        return plain;
    }
    serde_json::from_str(&format!("\"{plain}\"")).unwrap_or(plain)
}

fn end_of_string(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(index),
            b'\n' => return None,
            _ => {}
        }
    }
    None
}
