/**
 * Makes something anew whenever what it is made of has changed. What is returned says that it has, and ends when what is made is of
 * everything as it was then, or later; whoever comes while it is made waits for one more turn, and not for one each.
 */
export function madeAnew(make: () => Promise<void>): () => Promise<void> {
  let changes = 0
  let making: Promise<void> | undefined
  const makeAll = async () => {
    try {
      for (let made = -1; made !== changes; ) {
        made = changes
        await make()
      }
    } finally {
      // At once, or a change that comes in between would be nobody's.
      making = undefined
    }
  }
  return () => {
    changes++
    making ??= makeAll()
    return making
  }
}
