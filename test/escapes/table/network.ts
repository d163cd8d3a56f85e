import type { Attack } from '../attack.js';
import { ownAddresses } from '../machine.js';
import { doesNotApply, notStopped, stopped } from '../verdict.js';
import { either, isHeardBy, tells } from '../witnesses.js';

const noThread = doesNotApply('only Node code runs in threads');
const machines = notStopped("it has the machine's network");
const addressed = notStopped("it has the machine's network", 'network');
const noNetwork = stopped('its network namespace has nothing in it');
const notTried = doesNotApply("not tried: it has the machine's network, and tests send nothing out");

export const networkAttacks: readonly Attack[] = [
  {
    name: 'reach-tcp',
    file: 'reach-tcp.mjs',
    group: 'network',
    intent: "Talk TCP to a service on the machine's own address",
    worked: isHeardBy(({ onHost }) => onHost.tcp),
    verdicts: { thread: machines, process: machines, confined: noNetwork },
  },
  {
    name: 'reach-udp',
    file: 'reach-udp.py',
    group: 'network',
    intent: 'Send a datagram there, as a question for a name is',
    worked: ({ host, bait }) => host.heardByUdp(bait.marker),
    verdicts: { thread: noThread, process: machines, confined: noNetwork },
  },
  {
    name: 'reach-redis',
    file: 'reach-redis.py',
    group: 'network',
    intent: 'Give commands to a Redis without a password',
    worked: isHeardBy(({ onHost }) => onHost.tcp),
    verdicts: { thread: noThread, process: machines, confined: noNetwork },
  },
  {
    name: 'reach-server',
    file: 'reach-server.mjs',
    group: 'network',
    intent: "Talk to the server's own interface",
    worked: ({ outcome }) => /^"[^"]+"$/.test(outcome.result),
    verdicts: { thread: machines, process: machines, confined: noNetwork },
  },
  {
    name: 'reach-socket-file',
    file: 'reach-socket-file.mjs',
    group: 'network',
    intent: 'Talk to a service by its socket file',
    worked: isHeardBy(({ onHost }) => onHost.socket),
    verdicts: { thread: machines, process: machines, confined: stopped('no folder with such a file is there') },
  },
  {
    name: 'reach-abstract-socket',
    file: 'reach-abstract-socket.mjs',
    group: 'network',
    intent: 'Talk to a service by an abstract socket',
    worked: isHeardBy(({ onHost }) => onHost.abstract),
    verdicts: { thread: machines, process: machines, confined: stopped('abstract names are those of its network namespace') },
  },
  {
    name: 'listen',
    file: 'listen.py',
    group: 'network',
    intent: 'Open a port and be called from the host',
    worked: isHeardBy(({ onHost }) => onHost.tcp),
    verdicts: { thread: noThread, process: machines, confined: noNetwork },
  },
  {
    name: 'list-addresses',
    file: 'list-addresses.mjs',
    group: 'network',
    intent: "Read the machine's addresses",
    worked: tells(() => ownAddresses().map(({ mac, address }) => `${mac} ${address}`)[0] ?? ''),
    verdicts: { thread: addressed, process: addressed, confined: noNetwork },
  },
  {
    name: 'sniff',
    file: 'sniff.py',
    group: 'network',
    intent: 'Listen to what others say on the loopback interface, keys included',
    worked: tells(({ adminKey }) => adminKey),
    verdicts: { thread: noThread, process: notStopped("it has the machine's network", 'sniffing'), confined: noNetwork },
  },
  {
    name: 'reach-outside',
    file: 'reach-outside.py',
    group: 'network',
    intent: 'Reach the metadata address, the internet, a name server',
    worked: ({ outcome }) => !/^\["ENETUNREACH","ENETUNREACH","no name: [^"]*"\]$/.test(outcome.result),
    verdicts: { thread: notTried, process: notTried, confined: noNetwork },
  },
  {
    name: 'reach-host-outbound',
    file: 'reach-host-outbound.py',
    group: 'network',
    intent: "Reach the machine's own services and the metadata address with `network: outbound`",
    manifest: { network: 'outbound' },
    worked: either(
      isHeardBy(({ onHost }) => onHost.tcp),
      isHeardBy(({ everywhere }) => everywhere),
      isHeardBy(({ onHost }) => onHost.socket),
      isHeardBy(({ onHost }) => onHost.abstract),
      ({ outcome }) => outcome.state === 'succeeded' && !/"metadata":"\[Errno (101|113)\]/.test(outcome.result),
    ),
    verdicts: {
      thread: doesNotApply("it has the machine's network"),
      process: doesNotApply("it has the machine's network"),
      confined: stopped('what belongs to the machine has no route, or outbound is refused'),
    },
  },
  {
    name: 'open-debugger',
    file: 'open-debugger.mjs',
    group: 'network',
    intent: "Open a debugger on the machine's network",
    worked: async ({ outcome }) => {
      const [, address] = /ws:\/\/([\d.]+:\d+)\//.exec(outcome.result) ?? [];
      return (
        address !== undefined &&
        (await fetch(`http://${address}/json/version`).then(
          ({ ok }) => ok,
          () => false,
        ))
      );
    },
    verdicts: {
      thread: notStopped('it is the server that can be debugged then'),
      process: machines,
      confined: stopped('the port is one of its own network namespace'),
    },
  },
];
