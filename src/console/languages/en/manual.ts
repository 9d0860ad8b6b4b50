/** Texts of the view manual. */
export const manual = { title: 'Manual' }
