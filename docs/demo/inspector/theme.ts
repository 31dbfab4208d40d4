/** Where the page that may show this one keeps what its visitor chose. */
const PLACE = 'blobsync-demo/theme'

/** Light or dark as the page around it, else as the system has it. */
export const followTheme = (): void => {
  const show = () => {
    const chosen = localStorage.getItem(PLACE)
    if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset['theme'] = chosen
    else delete document.documentElement.dataset['theme']
  }
  addEventListener('storage', show)
  show()
}
