//! Which user folders are one person's, by all that is said of them.
//!
//! A folder that two people are said to have is nobody's here: who of them it belongs to is for a
//! person to find out. So is every folder of somebody whose address two people are said to have,
//! unless the request says by an object id which of them is meant.

use std::collections::BTreeSet;

use crate::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};
use crate::domain::homes::claim::{Claim, Marks, folded};

/// The folders of one person, by their aliases. They may name somebody, so there is no `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Homes {
    /// Those that are theirs.
    pub own: Aliases,
    /// Those that are said to be theirs, and somebody else's.
    pub in_doubt: Aliases,
    /// All that are said to be somebody else's.
    pub of_others: Aliases,
}

/// Aliases, as [`folded`].
pub type Aliases = BTreeSet<String>;

impl Homes {
    /// Those of the person of a request that are in this account, by what is claimed of anybody.
    /// Who somebody is does not hang on the account.
    pub fn of(person: &Subject, claims: &[Claim], account: &str) -> Self {
        let asked = Marks::of(&person.identities);
        let said: Vec<Marks> =
            claims.iter().map(|claim| Marks::of(&claim.who.identities)).collect();
        let (mut marks, mut theirs) = (asked.clone(), vec![false; claims.len()]);
        // Each turn but the last takes one in.
        while let Some(next) = (0..claims.len())
            .find(|it| !theirs[*it] && said[*it].meet(&marks) && !said[*it].contradict(&marks))
        {
            theirs[next] = true;
            marks.extend(&said[next]);
        }
        let is_contested = !asked.have_id()
            && said.iter().any(|said| said.meet(&marks) && said.contradict(&marks));
        let here = claims.iter().zip(theirs).filter(|(claim, _)| claim.is_about(account));
        let (claimed, others): (Vec<_>, Vec<_>) = here.partition(|(_, is_theirs)| *is_theirs);
        let claimed = claimed.into_iter().map(|(claim, _)| claim.alias.as_str());
        let of_others = others.into_iter().map(|(claim, _)| folded(&claim.alias)).collect();
        let mut homes = Self { of_others, ..Self::default() };
        for alias in claimed.chain(names(person)).filter(|alias| is_folder(alias)) {
            let key = folded(alias);
            let is_doubtful = is_contested || homes.of_others.contains(&key);
            let kept = if is_doubtful { &mut homes.in_doubt } else { &mut homes.own };
            kept.insert(key);
        }
        homes
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.own.is_empty() && self.in_doubt.is_empty()
    }
}

/// What a request itself says that folders of the person are called: an alias, or a whole address.
/// What an address begins with is no alias yet: two people may have it, in two domains.
fn names(person: &Subject) -> impl Iterator<Item = &str> {
    let tells =
        |kind| matches!(kind, IdentityType::Username | IdentityType::Email | IdentityType::Upn);
    let told = person.identities.iter();
    let told = told.filter(move |it| tells(it.kind) && it.format == IdentityFormat::Raw);
    told.map(Identity::expose)
}

/// Whether a folder can be called so.
fn is_folder(alias: &str) -> bool {
    !alias.is_empty() && !alias.contains('/') && !matches!(alias, "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: &str = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
    const OTHER: &str = "00000000-8b86-d011-b42d-00cf4fc964ff";

    fn subject(identities: &[(&str, &str)]) -> Subject {
        let identity = |(kind, value): &(&str, &str)| {
            let kind = IdentityType::parse(kind).unwrap();
            Identity::new(kind, IdentityFormat::Raw, (*value).to_owned())
        };
        Subject { identities: identities.iter().map(identity).collect() }
    }

    fn claim(alias: &str, identities: &[(&str, &str)]) -> Claim {
        Claim { alias: alias.to_owned(), who: subject(identities), account: None }
    }

    fn told(person: &[(&str, &str)], claims: &[Claim]) -> (Vec<String>, Vec<String>) {
        let Homes { own, in_doubt, .. } = Homes::of(&subject(person), claims, "acct");
        (own.into_iter().collect(), in_doubt.into_iter().collect())
    }

    #[test]
    fn a_folder_is_whose_it_is_said_to_be_and_of_nobody_where_two_are_named() {
        let ann = ("email", "ann@contoso.com");
        let by_id = ("object_id", ANN);
        let address = |more: &[&str]| -> Vec<String> {
            let mut all: Vec<String> = more.iter().map(|it| (*it).to_owned()).collect();
            all.push("ann@contoso.com".to_owned());
            all.sort();
            all
        };
        let none = Vec::<String>::new;
        // Alone, what her address begins with is nothing.
        assert_eq!(told(&[ann], &[]), (address(&[]), none()));
        let said = [claim("Ann", &[("upn", "ANN@contoso.com"), by_id])];
        assert_eq!(told(&[ann], &said), (address(&["ann"]), none()));
        assert_eq!(told(&[by_id], &said), (vec!["ann".to_owned()], none()));
        assert_eq!(told(&[("object_id", OTHER)], &said), (none(), none()));
        // One says what the other does not: an id leads to an address, and that to an alias.
        let chain = [claim("lef", &[ann]), claim("ann", &[by_id, ann])];
        let both = (vec!["ann".to_owned(), "lef".to_owned()], none());
        assert_eq!(told(&[("object_id", &ANN.replace('-', ""))], &chain), both);
        // Two people of one alias.
        let two = [claim("ann", &[ann]), claim("ANN", &[("email", "ann@fabrikam.com")])];
        assert_eq!(told(&[ann], &two), (address(&[]), vec!["ann".to_owned()]));
        assert_eq!(told(&[("email", "bob@contoso.com")], &two).1, none());
        // The request says it, and somebody else is said to have it.
        let said = [claim("ann", &[("email", "ann@fabrikam.com")])];
        assert_eq!(told(&[("username", "ann")], &said), (none(), vec!["ann".to_owned()]));
        assert_eq!(told(&[("username", "Ann")], &[]), (vec!["ann".to_owned()], none()));
    }

    #[test]
    fn an_address_that_two_people_had_tells_nothing_without_an_id() {
        let ann = ("email", "ann@contoso.com");
        let claims =
            [claim("ann", &[ann, ("object_id", ANN)]), claim("ann2", &[ann, ("object_id", OTHER)])];
        let (own, in_doubt) = told(&[ann], &claims);
        assert_eq!(own, [""; 0]);
        assert!(in_doubt.contains(&"ann".to_owned()));
        let (own, in_doubt) = told(&[ann, ("object_id", OTHER)], &claims);
        assert_eq!((own.len(), in_doubt.len()), (2, 0), "the second, by the id");
        assert!(own.contains(&"ann2".to_owned()) && !own.contains(&"ann".to_owned()));
    }

    /// Two workspaces, in each of which somebody else is called so.
    #[test]
    fn what_a_workspace_says_is_of_its_own_account() {
        let ann = ("email", "ann@contoso.com");
        let claims = [
            claim("ann", &[ann, ("object_id", ANN)]).within("ACCT"),
            claim("ann", &[("email", "ann@fabrikam.com")]).within("other"),
        ];
        let (own, in_doubt) = told(&[("object_id", ANN)], &claims);
        assert_eq!((own, in_doubt), (vec!["ann".to_owned()], Vec::new()));
        for account in ["other", ""] {
            assert!(Homes::of(&subject(&[("object_id", ANN)]), &claims, account).is_empty());
        }
    }

    #[test]
    fn no_alias_leads_out_of_its_folder() {
        let odd = [claim("..", &[("email", "a@b.cd")]), claim("a/b", &[("email", "a@b.cd")])];
        assert_eq!(told(&[("email", "a@b.cd")], &odd).0, ["a@b.cd"]);
        assert!(Claim::by_address("x", Subject::default()).is_none());
        assert!(Claim::by_address("a/b@contoso.com", Subject::default()).is_none());
        let guest = "ann_fabrikam.com#EXT#@contoso.com";
        assert!(Claim::by_address(guest, Subject::default()).is_none(), "a guest");
        let alias = Claim::by_address("ann@contoso.com", Subject::default()).unwrap().alias;
        assert_eq!(alias, "ann");
    }
}
