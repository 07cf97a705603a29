//! The part of SMTP (RFC 5321) that hands a letter to a server: no extensions, no encryption, no authentication, as
//! keepalived.

use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::MailPlan;
use super::letter::Letter;

/// Longest line of an answer that is read (RFC 5321 §4.5.3.1.5 says 512 bytes).
const LINE_BYTES: usize = 4096;
/// Most lines of one answer.
const ANSWER_LINES: usize = 100;
/// Addresses of the server that are tried.
const ADDRESSES: usize = 4;

/// What was going on when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Lookup,
    Connect,
    Greeting,
    Helo,
    Sender,
    Recipient,
    Data,
    Message,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Lookup => "looking up the server",
            Step::Connect => "connecting",
            Step::Greeting => "waiting for the greeting",
            Step::Helo => "HELO",
            Step::Sender => "MAIL FROM",
            Step::Recipient => "RCPT TO",
            Step::Data => "DATA",
            Step::Message => "the message",
        })
    }
}

/// Why a letter was not sent.
#[derive(Debug)]
pub(super) enum Failure {
    /// The system says why.
    System(Step, io::Error),
    /// The server refused, with this code.
    Refused(Step, u16),
    /// The server does not speak SMTP.
    Garbled(Step),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::System(step, error) => write!(f, "{step}: {error}"),
            Failure::Refused(step, code) => write!(f, "{step}: the server answered {code}"),
            Failure::Garbled(step) => write!(f, "{step}: the answer is not SMTP"),
        }
    }
}

/// Hands the letter over. Blocks, for each step at most as long as the plan says.
pub(super) fn send(letter: &Letter, plan: &MailPlan) -> Result<(), Failure> {
    let stream = connect(plan)?;
    let mut dialogue = Dialogue {
        answers: BufReader::new(stream),
        timeout: plan.timeout,
    };
    dialogue.expect(Step::Greeting, 220)?;
    dialogue.say(Step::Helo, &format!("HELO {}", plan.helo_name), 250)?;
    let from = format!("MAIL FROM:<{}>", plan.from.address);
    dialogue.say(Step::Sender, &from, 250)?;
    let mut refused = None;
    let mut accepted = 0;
    for to in &plan.to {
        match dialogue.say(Step::Recipient, &format!("RCPT TO:<{}>", to.address), 250) {
            Ok(()) => accepted += 1,
            // The others shall have their mail.
            Err(Failure::Refused(step, code)) => refused = Some(Failure::Refused(step, code)),
            Err(failure) => return Err(failure),
        }
    }
    if let Some(failure) = refused.take_if(|_| accepted == 0) {
        return Err(failure);
    }
    dialogue.say(Step::Data, "DATA", 354)?;
    dialogue.write(Step::Message, &stuffed(&letter.message))?;
    dialogue.say(Step::Message, ".", 250)?;
    // The letter is the server's; how it says goodbye does not matter.
    let _ = dialogue.write(Step::Message, "QUIT\r\n");
    refused.map_or(Ok(()), Err)
}

fn connect(plan: &MailPlan) -> Result<TcpStream, Failure> {
    let (host, port) = &plan.server;
    let addresses: Vec<SocketAddr> = (host.as_str(), *port)
        .to_socket_addrs()
        .map_err(|error| Failure::System(Step::Lookup, error))?
        .take(ADDRESSES)
        .collect();
    let mut last = Failure::System(Step::Lookup, io::ErrorKind::NotFound.into());
    for address in addresses {
        let connected = TcpStream::connect_timeout(&address, plan.timeout).and_then(|stream| {
            stream.set_read_timeout(Some(plan.timeout))?;
            stream.set_write_timeout(Some(plan.timeout))?;
            Ok(stream)
        });
        match connected {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Failure::System(Step::Connect, error),
        }
    }
    Err(last)
}

/// Lines end as the network's do, and one that begins with a dot gets another (RFC 5321 §4.5.2).
fn stuffed(message: &str) -> String {
    let mut text = String::with_capacity(message.len() + 16);
    for line in message.lines() {
        if line.starts_with('.') {
            text.push('.');
        }
        text.push_str(line);
        text.push_str("\r\n");
    }
    text
}

struct Dialogue {
    answers: BufReader<TcpStream>,
    /// For each answer.
    timeout: Duration,
}

impl Dialogue {
    fn say(&mut self, step: Step, line: &str, wanted: u16) -> Result<(), Failure> {
        self.write(step, &format!("{line}\r\n"))?;
        self.expect(step, wanted)
    }

    fn write(&mut self, step: Step, text: &str) -> Result<(), Failure> {
        let stream = self.answers.get_mut();
        stream
            .write_all(text.as_bytes())
            .map_err(|error| Failure::System(step, error))
    }

    /// A code of the same hundred and ten will do: 251 tells that a recipient has moved.
    fn expect(&mut self, step: Step, wanted: u16) -> Result<(), Failure> {
        let until = Instant::now() + self.timeout;
        for _ in 0..ANSWER_LINES {
            let line = self
                .line(until)
                .map_err(|error| Failure::System(step, error))?;
            let (code, last) = parse(&line).ok_or(Failure::Garbled(step))?;
            if !last {
                continue;
            }
            return match code / 10 == wanted / 10 {
                true => Ok(()),
                false => Err(Failure::Refused(step, code)),
            };
        }
        Err(Failure::Garbled(step))
    }
}

impl Dialogue {
    /// One line, or as much as is read of it. The timeout of the socket is for each byte alone: a server that sends one
    /// now and then would keep us for ever.
    fn line(&mut self, until: Instant) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        while line.len() < LINE_BYTES {
            if Instant::now() >= until {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let bytes = self.answers.fill_buf()?;
            let room = LINE_BYTES - line.len();
            let bytes = bytes.get(..room).unwrap_or(bytes);
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(bytes.len(), |end| end + 1);
            line.extend(bytes.iter().take(taken));
            self.answers.consume(taken);
            if end.is_some() || taken == 0 {
                break;
            }
        }
        Ok(line)
    }
}

/// The code of a line of an answer, and whether it is the last one.
fn parse(line: &[u8]) -> Option<(u16, bool)> {
    let code = std::str::from_utf8(line.get(..3)?).ok()?;
    let code: u16 = code.parse().ok().filter(|code| *code >= 200)?;
    match line.get(3) {
        Some(b'-') => Some((code, false)),
        Some(b' ' | b'\r' | b'\n') => Some((code, true)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_does_not_end_the_message() {
        assert_eq!(stuffed("a\n.\r\n.b\n"), "a\r\n..\r\n..b\r\n");
    }

    #[test]
    fn a_server_that_sends_a_byte_now_and_then_is_given_up() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        let (mut speaker, _) = server.accept().unwrap();
        let dripping = std::thread::spawn(move || {
            for _ in 0..100 {
                if speaker.write_all(b"2").is_err() {
                    return;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let mut dialogue = Dialogue {
            answers: BufReader::new(stream),
            timeout: Duration::from_millis(300),
        };
        let begun = Instant::now();
        let failure = dialogue.expect(Step::Greeting, 220).unwrap_err();
        let took = begun.elapsed();
        drop(dialogue);
        dripping.join().unwrap();
        assert!(matches!(failure, Failure::System(Step::Greeting, _)));
        assert!(took < Duration::from_secs(8), "{took:?}");
    }

    #[test]
    fn answers_have_a_code_and_may_have_several_lines() {
        assert_eq!(parse(b"250 ok\r\n"), Some((250, true)));
        assert_eq!(parse(b"250-first\r\n"), Some((250, false)));
        assert_eq!(parse(b"354\r\n"), Some((354, true)));
        for wrong in [
            &b""[..],
            b"25",
            b"+50 ok",
            b"HTTP/1.1",
            b"250x",
            b"100 continue",
        ] {
            assert_eq!(parse(wrong), None);
        }
    }
}
