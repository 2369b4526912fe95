// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * In a guest: asks what a driver would ask that wants AtomicOps, pci_enable_atomic_ops_to_root().
 *
 *   ask="DDDD:BB:DD.F WIDTHS"   WIDTHS: 32, 64 and 128 joined by +, or off to clear the function's
 *                               AtomicOp Requester Enable again
 *
 * is written to /sys/module/ask_atomics/parameters/ask or given to insmod. Reading the same file gives the
 * last answer, which also goes to the kernel's log:
 *
 *   DDDD:BB:DD.F WIDTHS: RETURN-VALUE, DEVCTL2 BEFORE -> AFTER
 *
 * Built for 6.1 and newer; 6.1 does not yet refuse a virtual function.
 */
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/string.h>

static DEFINE_MUTEX(lock);
static char answer[128] = "nothing was asked";

static int parse_widths(char *text, u32 *widths)
{
	char *part;

	*widths = 0;
	while ((part = strsep(&text, "+"))) {
		if (!strcmp(part, "32"))
			*widths |= PCI_EXP_DEVCAP2_ATOMIC_COMP32;
		else if (!strcmp(part, "64"))
			*widths |= PCI_EXP_DEVCAP2_ATOMIC_COMP64;
		else if (!strcmp(part, "128"))
			*widths |= PCI_EXP_DEVCAP2_ATOMIC_COMP128;
		else if (strcmp(part, "off"))
			return -EINVAL;
	}
	return 0;
}

static int set_ask(const char *text, const struct kernel_param *parameter)
{
	unsigned int domain, bus, device, function;
	char words[24], copy[24];
	struct pci_dev *dev;
	u16 before = 0, after = 0;
	u32 widths;
	int result;

	if (sscanf(text, "%x:%x:%x.%x %23s", &domain, &bus, &device, &function, words) != 5)
		return -EINVAL;
	strscpy(copy, words, sizeof(copy));
	result = parse_widths(copy, &widths);
	if (result)
		return result;
	dev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(device, function));
	if (!dev)
		return -ENODEV;
	pcie_capability_read_word(dev, PCI_EXP_DEVCTL2, &before);
	if (widths)
		result = pci_enable_atomic_ops_to_root(dev, widths);
	else
		result = pcie_capability_clear_word(dev, PCI_EXP_DEVCTL2, PCI_EXP_DEVCTL2_ATOMIC_REQ);
	pcie_capability_read_word(dev, PCI_EXP_DEVCTL2, &after);
	mutex_lock(&lock);
	snprintf(answer, sizeof(answer), "%s %s: %d, DEVCTL2 %04x -> %04x", pci_name(dev), words, result, before,
		 after);
	pr_info("ask_atomics: %s\n", answer);
	mutex_unlock(&lock);
	pci_dev_put(dev);
	return 0;
}

static int get_ask(char *buffer, const struct kernel_param *parameter)
{
	int length;

	mutex_lock(&lock);
	length = scnprintf(buffer, PAGE_SIZE, "%s\n", answer);
	mutex_unlock(&lock);
	return length;
}

static const struct kernel_param_ops ask_ops = { .set = set_ask, .get = get_ask };
module_param_cb(ask, &ask_ops, NULL, 0600);
MODULE_PARM_DESC(ask, "DDDD:BB:DD.F WIDTHS");

/* Nothing to start; with an exit it can be unloaded. */
static void __exit ask_atomics_exit(void)
{
}
static int __init ask_atomics_init(void)
{
	return 0;
}
module_init(ask_atomics_init);
module_exit(ask_atomics_exit);

MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Asks for AtomicOps on behalf of a PCI function");
