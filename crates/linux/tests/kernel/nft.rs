//! Transactions of nftables, looked at with nft(8).

use std::process::Command;

use standfast_linux::Errno;
use standfast_linux::netlink::nft::{
    Batch, DataType, Expression, Family, Header, Hook, Nft, Register, Set, Verdict,
};

use crate::world::isolated;

const TABLE: &str = "mine";

fn listing() -> String {
    let output = Command::new("nft").args(["list", "ruleset"]).output();
    String::from_utf8(output.expect("nft, of the package nftables").stdout).unwrap()
}

fn write(batch: &mut Batch) {
    batch.add_table(Family::Ip, TABLE);
    let set = Set {
        name: "vips",
        key: DataType::Ipv4Address,
        data: None,
        constant: false,
    };
    batch.add_set(Family::Ip, TABLE, &set);
    batch.add_chain(Family::Ip, TABLE, "in", Some((Hook::Input, -1)));
    batch.add_rule(
        Family::Ip,
        (TABLE, "in"),
        &[
            Expression::Payload {
                header: Header::Network,
                offset: 16,
                length: 4,
                into: Register::One,
            },
            Expression::InSet(Register::One, "vips"),
            Expression::Counter,
            Expression::Verdict(Verdict::Drop),
        ],
    );
}

#[test]
fn a_table_with_a_thousand_addresses_comes_and_goes_at_once() {
    isolated(|| {
        let mut nft = Nft::open().unwrap();
        let mut batch = nft.batch();
        write(&mut batch);
        for number in 0..1_000_u32 {
            let key = (0x0a00_0000 + number).to_be_bytes();
            batch.add_element(Family::Ip, (TABLE, "vips"), &key, None);
        }
        nft.commit(batch).unwrap();
        let shown = listing();
        assert!(shown.contains("ip daddr @vips counter packets 0 bytes 0 drop"));
        assert!(shown.contains("hook input priority filter - 1; policy accept;"));
        assert!(shown.contains("10.0.3.231"), "{shown}");

        let mut batch = nft.batch();
        batch.delete_element(Family::Ip, (TABLE, "vips"), &[10, 0, 3, 231]);
        nft.commit(batch).unwrap();
        assert!(!listing().contains("10.0.3.231"));

        let mut batch = nft.batch();
        batch.delete_table(Family::Ip, TABLE);
        nft.commit(batch).unwrap();
        assert_eq!(listing(), "");
    });
}

#[test]
fn nothing_of_a_transaction_happens_if_a_part_fails() {
    isolated(|| {
        let mut nft = Nft::open().unwrap();
        let mut batch = nft.batch();
        write(&mut batch);
        batch.delete_element(Family::Ip, (TABLE, "vips"), &[10, 0, 0, 1]);
        let error = nft.commit(batch).unwrap_err();
        assert_eq!(error.errno, Errno(libc::ENOENT));
        assert_eq!(listing(), "");
        // The answers to the rest of it are not taken for those to the next one.
        let mut batch = nft.batch();
        write(&mut batch);
        nft.commit(batch).unwrap();
        assert!(listing().contains("table ip mine"));
        nft.commit(nft.batch()).unwrap();
    });
}
