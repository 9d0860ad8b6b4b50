/** Codes that are listed one by one; of many a page at a time. */
import { useState } from 'preact/hooks'
import { texts } from '../../../languages/languages.ts'

const pageSize = 100

/** A table of codes with their texts. */
export function Codes({ codes }: { codes: { code: string; display: string }[]; system: string }) {
  const { valueSet, page } = texts().catalogue
  const [shown, setShown] = useState(pageSize)
  return (
    <>
      <table class="codes">
        <thead>
          <tr>
            <th scope="col">{valueSet.code}</th>
            <th scope="col">{valueSet.display}</th>
          </tr>
        </thead>
        <tbody>
          {codes.slice(0, shown).map(({ code, display }) => (
            <tr>
              <th scope="row">
                <code>{code.slice(0, 300)}</code>
              </th>
              <td dir="auto">{display.slice(0, 1_000)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {codes.length > shown && (
        <button type="button" class="quiet" onClick={() => setShown(shown + pageSize)}>
          {page.more.replace('{n}', String(codes.length - shown))}
        </button>
      )}
    </>
  )
}
