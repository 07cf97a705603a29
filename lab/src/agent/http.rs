//! The smallest possible web server and web client.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use super::{AgentError, AgentResult, end_with_lab, failed};
use crate::moment::Moment;

/// A client that says nothing for so long is dropped.
const CLIENT_PATIENCE: Duration = Duration::from_secs(1);

/// How much of a request or answer is looked at.
const MESSAGE_BYTES: usize = 1024;

/// `http-serve PORT STATUS TEXT`: answers every request with that status and TEXT.
pub(super) fn serve(arguments: &[String]) -> AgentResult {
    let [port, status, text] = arguments else {
        return Err(AgentError::Usage);
    };
    let port: u16 = port.parse().map_err(|_| AgentError::Usage)?;
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).map_err(failed("listen"))?;
    let answer = format!(
        "HTTP/1.1 {status} Lab\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
    println!("ready");
    for client in listener.incoming().flatten() {
        let answer = answer.clone();
        // A client that went away is its own affair.
        thread::spawn(move || drop(answer_client(client, &answer)));
    }
    Ok(())
}

fn answer_client(mut client: TcpStream, answer: &str) -> io::Result<()> {
    client.set_read_timeout(Some(CLIENT_PATIENCE))?;
    let mut request = [0; MESSAGE_BYTES];
    if client.read(&mut request)? == 0 {
        return Ok(());
    }
    client.write_all(answer.as_bytes())?;
    client.shutdown(Shutdown::Write)
}

/// `http-probe PERIOD_MS PATIENCE_MS ADDRESS PORT`: prints `TIME_NS` of every answer with status 200, and `t TIME_NS` before every
/// attempt.
pub(super) fn probe(arguments: &[String]) -> AgentResult {
    let [period, patience, address, port] = arguments else {
        return Err(AgentError::Usage);
    };
    let period = Duration::from_millis(period.parse().map_err(|_| AgentError::Usage)?);
    let patience = Duration::from_millis(patience.parse().map_err(|_| AgentError::Usage)?);
    let address: Ipv4Addr = address.parse().map_err(|_| AgentError::Usage)?;
    let port: u16 = port.parse().map_err(|_| AgentError::Usage)?;
    let target = SocketAddr::V4(SocketAddrV4::new(address, port));
    end_with_lab();
    loop {
        let begin = Moment::now();
        println!("t {}", begin.nanoseconds());
        if ask(target, patience).unwrap_or(false) {
            println!("a 0 {} 00:00:00:00:00:00", Moment::now().nanoseconds());
        }
        thread::sleep((begin + period).since(Moment::now()));
    }
}

fn ask(target: SocketAddr, patience: Duration) -> io::Result<bool> {
    let mut server = TcpStream::connect_timeout(&target, patience)?;
    server.set_read_timeout(Some(patience))?;
    server.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut answer = [0; MESSAGE_BYTES];
    let length = server.read(&mut answer)?;
    let status = answer
        .get(..length)
        .and_then(|answer| answer.split(|byte| *byte == b' ').nth(1));
    Ok(status == Some(b"200"))
}
