// Digits are keys only while their <details> is open: nobody rejects a draft by a digit typed in passing.

export default function digits(details) {
  const buttons = [...details.querySelectorAll("[data-digit]")];
  const arm = () => {
    for (const button of buttons) {
      if (details.open) button.dataset.key = button.dataset.digit;
      else delete button.dataset.key;
    }
  };
  details.addEventListener("toggle", arm);
  arm();
}
