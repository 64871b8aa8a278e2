import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** The processor time that a process has used, in milliseconds. */
export function processorMsOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The most memory that a process has had at a time, in megabytes. */
export function peakMegabytesOf(pid) {
  const [, kilobytes] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Math.round(Number(kilobytes) / 1_024);
}

/** A POST request of HTTP/1.1 with a body of JSON. */
export function requestOf(url, header, body) {
  const text = JSON.stringify(body);
  const lines = [
    `POST ${url.pathname} HTTP/1.1`,
    `host: ${url.host}`,
    "content-type: application/json",
    ...(header ? [header] : []),
    `content-length: ${Buffer.byteLength(text)}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${text}`;
}

/** A connection that sends one request at a time. */
export class Connection {
  isIdle = true;
  onAnswer = () => undefined;

  constructor(url) {
    this.socket = connect(Number(url.port), url.hostname).setNoDelay(true);
    this.socket.on("error", () => this.socket.destroy());
    let text = "";
    this.socket.setEncoding("latin1").on("data", (chunk) => {
      text += chunk;
      const head = text.indexOf("\r\n\r\n");
      if (head === -1) return;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (text.length < head + 4 + length) return;
      const [status, body] = [Number(text.slice(9, 12)), text.slice(head + 4)];
      text = "";
      this.isIdle = true;
      this.onAnswer(status, performance.now() - this.sentAt, body);
    });
  }

  send(request) {
    this.isIdle = false;
    this.sentAt = performance.now();
    this.socket.write(request);
  }
}

/**
 * Sends requests on a number of connections, each the next as soon as it has an answer.
 *
 * @param nextRequest returns the next request of a connection, given its number
 * @returns the answers per second, the processor time of an answer, and the times of answers
 */
export async function measure({ url, pid }, nextRequest, { connections, ms }) {
  const times = [];
  let failure;
  let isOver = false;
  const [startedAt, usedMs] = [performance.now(), processorMsOf(pid)];
  const clients = Array.from({ length: connections }, () => new Connection(url));
  for (const [i, client] of clients.entries()) {
    client.onAnswer = (status, timeMs, body) => {
      if (status !== 200 || body.includes('"errors"')) failure ??= `${status} ${body.slice(0, 300)}`;
      times.push(timeMs);
      if (!isOver) client.send(nextRequest(i));
    };
    client.send(nextRequest(i));
  }
  await delay(ms);
  const [takenMs, processorMs] = [performance.now() - startedAt, processorMsOf(pid) - usedMs];
  isOver = true;
  for (const { socket } of clients) socket.destroy();
  if (failure) throw new Error(failure);
  return { perSecond: times.length / (takenMs / 1_000), processorMs: processorMs / times.length, times };
}

/** The value at a share of sorted numbers. */
export function quantile(numbers, share) {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
