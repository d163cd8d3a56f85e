/** The function of the rehearsal: does once what functions do. */
export default async function rehearsal(payload: unknown): Promise<unknown> {
  console.log('a line of log');
  await Promise.resolve();
  return { payload };
}
