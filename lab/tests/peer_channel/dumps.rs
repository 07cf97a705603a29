//! What the dumps tell of other nodes.

use std::thread;
use std::time::Duration;

use standfast_lab::{Moment, Pair, Signal};

use crate::network::{LIMIT, Text, sh, with_pair};

/// The file, once it says that.
#[track_caller]
fn dump(pair: &Pair, signal: i32, path: &str, says: &str) -> String {
    let pid = pair.first.process().unwrap().pid();
    sh(&pair.first.host, &format!("kill -{signal} {pid}"));
    let end = Moment::now() + LIMIT;
    loop {
        let text = pair.first.host.read_file(path).unwrap_or_default();
        if text.contains(says) {
            return text;
        }
        assert!(Moment::now() < end, "no {says} in {text}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn nodes_stand_at_the_end_of_the_text_and_beside_their_instance_in_json() {
    const JSON: i32 = 36;
    let data = "/tmp/keepalived.data";
    with_pair(Text::default(), |pair| {
        let text = dump(
            pair,
            Signal::SIGUSR1 as i32,
            data,
            "------< Standfast nodes >------",
        );
        for line in [
            " Node = nginx-2\n",
            "   Address = 192.168.1.12, eth0\n",
            "   Tells of VI_1 = BACKUP, priority 100, base 100, ready\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(!text.contains("Differs"), "{text}");
        // Those who look for instances and their states find ours alone.
        let (before, nodes) = text.split_once("Standfast nodes").unwrap();
        assert!(before.contains("VRRP Instance = VI_1\n"), "{text}");
        assert!(!nodes.contains("VRRP Instance = "), "{nodes}");
        assert!(!nodes.contains(" State = "), "{nodes}");
        let json = dump(pair, JSON, "/tmp/keepalived.json", "\"peers\"");
        for part in [
            "\"name\":\"nginx-2\"",
            "\"state\":\"BACKUP\"",
            "\"effective_priority\":100",
            "\"ready\":true",
            "\"differs\":[]",
        ] {
            assert!(json.contains(part), "{part}: {json}");
        }
        // A node that is silent is forgotten.
        pair.second.host.set_port_blocked(true).unwrap();
        let process = pair.first.process().unwrap();
        process
            .wait_for_log("nothing is heard of Standfast node nginx-2", LIMIT)
            .unwrap();
    });
}
