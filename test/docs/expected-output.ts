import assert from 'node:assert/strict'

/** What stands for anything in the outputs that a page shows. */
const anything = '…'

/** Whether a text is like a shown one, in which `…` stands for anything. */
function isLike(text: string, shown: string): boolean {
  const parts = shown.split(anything).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/ +/g, ' +'))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text)
}

/** Every shown line is among those that were printed, in this order. */
export function assertLines(printed: string, shown: string): void {
  const lines = printed.split('\n').map((line) => line.trimEnd())
  let at = 0
  for (const wanted of shown.trimEnd().split('\n')) {
    const found = lines.findIndex((line, index) => index >= at && isLike(line, wanted))
    assert.ok(found >= 0, `no line is like\n${wanted}\nfrom line ${at + 1} of\n${printed}`)
    at = found + 1
  }
}

/** A printed JSON value has everything that is shown: members of objects, and of lists each element in this order. */
export function assertContains(printed: unknown, shown: unknown): void {
  assert.ok(contains(printed, shown), `${JSON.stringify(shown)}\nis not in\n${JSON.stringify(printed, null, 1)}`)
}

function contains(printed: unknown, shown: unknown): boolean {
  if (typeof shown === 'string') return typeof printed === 'string' && isLike(printed, shown)
  if (typeof shown !== 'object' || shown === null) return printed === shown
  if (typeof printed !== 'object' || printed === null) return false
  if (Array.isArray(shown)) return Array.isArray(printed) && containsInOrder(printed, shown)
  const members = new Map(Object.entries(printed))
  return Object.entries(shown).every(([name, value]) => members.has(name) && contains(members.get(name), value))
}

function containsInOrder(printed: unknown[], shown: unknown[]): boolean {
  let at = 0
  for (const wanted of shown) {
    while (at < printed.length && !contains(printed[at], wanted)) at++
    if (at++ >= printed.length) return false
  }
  return true
}
