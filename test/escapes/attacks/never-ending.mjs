/** A loop without end. */
export default function loop() {
  for (;;);
}
