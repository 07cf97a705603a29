//! Which keyword was probably meant.

use super::Block;

/// Longest word that is compared; real keywords are shorter than this.
const MAX_COMPARED: usize = 48;

/// The keyword of this block that is nearest to `word`, if one is near enough to be a slip.
#[must_use]
pub fn nearest(block: Block, word: &str) -> Option<&'static str> {
    nearest_of(block.keywords().iter().map(|keyword| keyword.name), word)
}

/// The keyword of this block that `word` is beyond doubt a slip for: no other is as near, and it is no word of another block.
pub(crate) fn certain(block: Block, word: &str) -> Option<&'static str> {
    const LEAST_LENGTH: usize = 5; // below that, one slip away is another word
    const MOST_SLIPS: usize = 2;
    let elsewhere = || Block::ALL.iter().any(|other| other.keyword(word).is_some());
    if word.len() < LEAST_LENGTH || word.len() > MAX_COMPARED || elsewhere() {
        return None;
    }
    let near = |keyword: &super::Keyword| {
        let slips = distance(keyword.name, word);
        (slips <= MOST_SLIPS).then_some((slips, keyword.name))
    };
    let mut all: Vec<_> = block.keywords().iter().filter_map(near).collect();
    all.sort_unstable();
    match all.as_slice() {
        [(_, name)] => Some(name),
        [(best, name), (next, _), ..] if best < next => Some(name),
        _ => None,
    }
}

/// The one of these names that is nearest to `word`, if one is near enough to be a slip.
#[must_use]
pub fn nearest_of<'n>(names: impl Iterator<Item = &'n str>, word: &str) -> Option<&'n str> {
    if word.len() > MAX_COMPARED || word.len() < 3 {
        return None;
    }
    let allowed = (word.len() / 3).clamp(1, 4);
    names
        .filter(|name| name.len().abs_diff(word.len()) <= allowed)
        .map(|name| (distance(name, word), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, name)| name)
}

/// Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other, case ignored.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().flat_map(char::to_lowercase).collect();
    let right: Vec<char> = right.chars().flat_map(char::to_lowercase).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=right.len()).collect();
    let mut last_left = None;
    for (row, &a) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut last_right = None;
        for (column, &b) in right.iter().enumerate() {
            let cell = |cells: &[usize], at: usize| cells.get(at).copied().unwrap_or(usize::MAX);
            let mut best = cell(&previous, column) + usize::from(a != b);
            best = best
                .min(cell(&previous, column + 1) + 1)
                .min(cell(&current, column) + 1);
            if column > 0 && last_right == Some(a) && last_left == Some(b) {
                best = best.min(cell(&before, column - 1).saturating_add(1));
            }
            current.push(best);
            last_right = Some(b);
        }
        before = previous;
        previous = current;
        last_left = Some(a);
    }
    previous.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_seen_in_the_wild_are_understood() {
        for (word, meant) in [
            ("prioity", "priority"),
            ("nopreemt", "nopreempt"),
            ("acvert_int", "advert_int"),
            ("virtual_route_id", "virtual_router_id"),
            ("virtual_ipadress", "virtual_ipaddress"),
            ("virtual_ipaddresses", "virtual_ipaddress"),
            ("Virtual_ipaddress", "virtual_ipaddress"),
            ("netify_backup", "notify_backup"),
            ("track_scripts", "track_script"),
            ("lvs_sync_daemon_inteface", "lvs_sync_daemon_interface"),
            ("intreface", "interface"),
        ] {
            assert_eq!(nearest(Block::VrrpInstance, word), Some(meant), "{word}");
        }
        assert_eq!(nearest(Block::Root, "vvrp_script"), Some("vrrp_script"));
        assert_eq!(
            nearest(Block::VirtualServer, "real_sever"),
            Some("real_server")
        );
        assert_eq!(nearest(Block::RealServer, "SMTP_CHEKC"), Some("SMTP_CHECK"));
        assert_eq!(nearest(Block::VrrpScript, "fail"), Some("fall"));
    }

    #[test]
    fn strangers_get_no_suggestion() {
        for word in ["foo", "lizx01@22app121p:", "{", "xx", "OS:", "nat_mask"] {
            assert_eq!(nearest(Block::VrrpInstance, word), None, "{word}");
        }
    }

    #[test]
    fn only_a_slip_for_one_keyword_is_mended() {
        assert_eq!(certain(Block::VrrpInstance, "prioity"), Some("priority"));
        assert_eq!(certain(Block::VrrpInstance, "nopreemt"), Some("nopreempt"));
        assert_eq!(certain(Block::VrrpInstance, "acept"), Some("accept"));
        assert_eq!(
            certain(Block::VrrpInstance, "garp_master_refresh_x"),
            Some("garp_master_refresh")
        );
        assert_eq!(certain(Block::VrrpInstance, "fall"), None);
        assert_eq!(certain(Block::VrrpInstance, "router_id"), None);
    }

    #[test]
    fn a_swap_of_neighbours_is_one_step() {
        assert_eq!(distance("weight", "weigth"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
