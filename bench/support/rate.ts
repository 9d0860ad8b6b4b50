/** Runs per second of processor time, warm, counted for so many milliseconds. */
export async function rate(run: () => Promise<unknown>, milliseconds: number): Promise<number> {
  const until = async (time: number) => {
    const end = performance.now() + time
    let count = 0
    for (; performance.now() < end; count++) await run()
    return count
  }
  await until(500)
  const before = process.cpuUsage()
  const count = await until(milliseconds)
  const { user, system } = process.cpuUsage(before)
  return count / ((user + system) / 1e6)
}
