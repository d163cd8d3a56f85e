/** Speaks on after its end, into the log and stream of the next run. */
export default async function leaveTimer({ marker, call }, context) {
  if (call === 1) {
    setInterval(() => {
      console.log(marker);
      context.log.info(marker);
      context.write(marker);
      context.progress(0.5, marker);
    }, 5);
    return 'left';
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  return 'honest';
}
