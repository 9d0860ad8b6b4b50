/** Texts of the view workbench. */
export const workbench = { title: 'Workbench' }
