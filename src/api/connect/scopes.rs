//! Scopes as people can read them: in groups by what they allow.

use crate::accounts::connect::AskedScope;

/// A heading and what stands under it.
pub(super) struct ScopeGroup {
    /// None where everything stands in one group.
    pub(super) title: Option<&'static str>,
    pub(super) scopes: Vec<AskedScope>,
}

/// What a scope surely allows at most. Providers' names are no standard, so that only what is plain
/// counts as harmless.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Identity,
    Reading,
    More,
}

impl Reach {
    const ALL: [Self; 3] = [Self::Identity, Self::Reading, Self::More];

    const fn title(self) -> &'static str {
        match self {
            Self::Identity => "Know who you are",
            Self::Reading => "Read only",
            Self::More => "Read and change, or other access",
        }
    }
}

/// The scopes in groups; one group without a title where one is enough.
pub(super) fn group(scopes: &[AskedScope]) -> Vec<ScopeGroup> {
    let mut groups: Vec<ScopeGroup> = Vec::new();
    for reach in Reach::ALL {
        let fitting = scopes.iter().filter(|scope| reach_of(&scope.name) == reach);
        let fitting: Vec<AskedScope> = fitting.cloned().collect();
        if !fitting.is_empty() {
            groups.push(ScopeGroup {
                title: Some(reach.title()),
                scopes: fitting,
            });
        }
    }
    if let [only] = groups.as_mut_slice() {
        only.title = None;
    } else if groups.len() > 1 && scopes.iter().all(|scope| scope.description.is_some()) {
        // Plain words need no headings, and keep the order of the auth config.
        return vec![ScopeGroup {
            title: None,
            scopes: scopes.to_vec(),
        }];
    }
    groups
}

fn reach_of(scope: &str) -> Reach {
    let scope = scope.to_ascii_lowercase();
    let words: Vec<&str> = scope
        .split(|character: char| !character.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    // OpenID Connect Core section 5.4, and what Google calls the same.
    let identity = ["openid", "profile", "email", "address", "phone"];
    let is_identity = match words.as_slice() {
        [only] => identity.contains(only),
        ["user", last] | [.., "userinfo", last] => identity.contains(last),
        _ => false,
    };
    if is_identity {
        return Reach::Identity;
    }
    let reads = ["read", "readonly", "view", "viewer"];
    let changes = [
        "write",
        "manage",
        "admin",
        "edit",
        "modify",
        "delete",
        "create",
        "send",
        "full",
        "all",
        "update",
        "upload",
        "execute",
        "owner",
        "readwrite",
    ];
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(word));
    if has(&reads) && !has(&changes) {
        Reach::Reading
    } else {
        Reach::More
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn titles(names: &[&str]) -> Vec<(Option<&'static str>, Vec<String>)> {
        let asked = |name: &&str| AskedScope {
            name: (*name).to_owned(),
            description: None,
        };
        let names_of = |group: ScopeGroup| {
            let names = group.scopes.into_iter().map(|scope| scope.name);
            (group.title, names.collect())
        };
        group(&names.iter().map(asked).collect::<Vec<_>>())
            .into_iter()
            .map(names_of)
            .collect()
    }

    #[test]
    fn what_is_plain_is_told_apart_and_the_rest_counts_as_more() {
        let groups = titles(&[
            "repo",
            "read:org",
            "https://www.googleapis.com/auth/userinfo.email",
            "openid",
            "channels:read",
            "Mail.ReadWrite",
            "https://www.googleapis.com/auth/drive.readonly",
            "files:read.all",
            "user:email",
        ]);
        let expected = [
            (
                "Know who you are",
                vec![
                    "https://www.googleapis.com/auth/userinfo.email",
                    "openid",
                    "user:email",
                ],
            ),
            (
                "Read only",
                vec![
                    "read:org",
                    "channels:read",
                    "https://www.googleapis.com/auth/drive.readonly",
                ],
            ),
            (
                "Read and change, or other access",
                vec!["repo", "Mail.ReadWrite", "files:read.all"],
            ),
        ];
        let expected = expected.map(|(title, names)| {
            let names = names.into_iter().map(str::to_owned).collect();
            (Some(title), names)
        });
        assert_eq!(groups, expected);
    }

    #[test]
    fn one_group_has_no_title() {
        assert_eq!(titles(&["repo"]), [(None, vec!["repo".to_owned()])]);
        assert_eq!(titles(&[]), []);
    }
}
