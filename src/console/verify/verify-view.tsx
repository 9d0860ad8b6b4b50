import { useState } from 'preact/hooks'
import { texts } from '../languages/languages.ts'
import { ScanPanel } from './scan/scan-panel.tsx'

/** The view verify. */
export function VerifyView() {
  const [found, setFound] = useState<string[]>([])
  return (
    <>
      <h1>{texts().verify.title}</h1>
      <ScanPanel onCodes={setFound} onPicture={(bytes, type) => setFound([`${type} ${bytes.length}`])} paused={false} />
      <ul>
        {found.map((text) => (
          <li key={text} dir="auto">
            <code>{text}</code>
          </li>
        ))}
      </ul>
    </>
  )
}
