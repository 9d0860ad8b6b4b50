/** Signs closer together tell nobody anything. */
const apartMilliseconds = 1_000

let tell: () => void = () => {}
let told = Number.NEGATIVE_INFINITY

/** Says who hears the signs: a section that is measured in a process of its own has somebody who waits. */
export function tellSigns(to: () => void): void {
  tell = to
}

/** Says that a section goes on: whoever waits for it gives it its time again. */
export function signOfLife(): void {
  const now = performance.now()
  if (now - told < apartMilliseconds) return
  told = now
  tell()
}
