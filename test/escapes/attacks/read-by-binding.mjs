/** Past the modules of Node: its own inner parts. */
export default function readByBinding({ host }) {
  const binding = process.binding('fs');
  const fd = binding.open(host.file, 0, 0o666);
  const bytes = Buffer.alloc(100);
  const length = binding.read(fd, bytes, 0, 100, -1);
  return bytes.toString('utf8', 0, length);
}
