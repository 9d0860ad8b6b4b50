/** A program in the place of the one that checks lists: it does what the list says, and never checks anything. */
process.on('message', ({ bytes }: { bytes: Uint8Array }) => {
  const wish = Buffer.from(bytes).toString('utf8')
  if (wish === 'end') process.exit(3)
  if (wish === 'answer') process.send?.({ checked: { reason: 'shape', detail: 'as wished' } })
  if (wish === 'memory') {
    const kept: number[][] = []
    for (;;) kept.push(Array.from({ length: 100_000 }, (_, at) => at * 1.5))
  }
  // Anything else: silence.
})
process.send?.({ ready: true })
