/** Pictures of 24 by 24; they never stand alone for a word that matters. */
const paths = {
  accepted: 'M4 12.5 9.5 18 20 6.5',
  rejected: 'M6 6 18 18 M18 6 6 18',
  undetermined: 'M8.5 9a3.5 3.5 0 1 1 5.2 3.1c-1.1.6-1.7 1.3-1.7 2.4 M12 18.5v.5',
  unverified: 'M12 3 22 20 2 20Z M12 10v4.5 M12 17v.5',
  scan: 'M4 8V4h4 M16 4h4v4 M20 16v4h-4 M8 20H4v-4 M4 12h16',
  book: 'M5 4h6a2 2 0 0 1 2 2v14a2 2 0 0 0-2-2H5Z M19 4h-4a2 2 0 0 0-2 2v14a2 2 0 0 1 2-2h4Z',
  tools: 'M14 7a4 4 0 0 1 5-4l-2.5 2.5 2 2L21 5a4 4 0 0 1-5 5L8 18a2.1 2.1 0 0 1-3-3Z',
  shield: 'M12 3 20 6v6c0 5-3.5 8-8 9.5C7.5 20 4 17 4 12V6Z',
  pulse: 'M3 12h4l2.5-7 4.5 14 2.5-7H21',
  manual: 'M6 3h9l4 4v14H6Z M14 3v5h5 M9 12h7 M9 16h7',
  settings:
    'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z M12 3v3 M12 18v3 M3 12h3 M18 12h3 M5.6 5.6l2.2 2.2 M16.2 16.2l2.2 2.2 M5.6 18.4l2.2-2.2 M16.2 7.8l2.2-2.2',
  copy: 'M9 9h11v11H9Z M15 9V4H4v11h5',
  close: 'M6 6 18 18 M18 6 6 18',
  open: 'M9 6 15 12 9 18',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Z M15.5 15.5 21 21',
  warning: 'M12 3 22 20 2 20Z M12 10v4.5 M12 17v.5',
  key: 'M15 4a5 5 0 1 0 0 10 5 5 0 0 0 0-10Z M11.5 12.5 4 20v-3',
  print: 'M7 8V3h10v5 M7 17H4V8h16v9h-3 M7 14h10v7H7Z',
  camera: 'M4 7h4l2-3h4l2 3h4v13H4Z M12 10a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7Z',
  file: 'M6 3h9l4 4v14H6Z M14 3v5h5',
  light: 'M9 18h6 M10 21h4 M8 14a6 6 0 1 1 8 0c-.7.7-1 1.2-1 2H9c0-.8-.3-1.3-1-2Z',
} as const

/** Names of the pictures. */
export type IconName = keyof typeof paths

/** A picture in the colour of the text around it; hidden from those who cannot see it. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  )
}
