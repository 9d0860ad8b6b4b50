import { fileName, type Part } from './document/artefacts.ts'

/** Hands a part to the browser as a file. */
export function saveFile(part: Part): void {
  const address = URL.createObjectURL(new Blob([part.text], { type: 'text/plain;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = address
  link.download = fileName(part)
  link.click()
  // The browser has read it by then, or will not.
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}
