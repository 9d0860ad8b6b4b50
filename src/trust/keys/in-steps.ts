/** Some tenths of a millisecond for each. */
const STEP_KEYS = 64

/** Works on every item, with a step after each so many: there whoever runs it may let the server answer. */
export function* inSteps<Item>(items: Iterable<Item>, work: (item: Item) => void): Generator<void, void> {
  let left = STEP_KEYS
  for (const item of items) {
    work(item)
    if (--left > 0) continue
    left = STEP_KEYS
    yield
  }
}
